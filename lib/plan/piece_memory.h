// What a rank's memory has to do with pieces of the vocabulary, action by action. Pure; it must not
// know what else a rank keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/block_tally.h"
#include "plan/piece_profile.h"
#include "schedule/embedding_actions.h"
#include "schedule/schedule.h"

namespace pipetrain {

// Of microbatches of so many rows, the first `larger_count` of the larger size.
struct PieceMemory {
  const Schedule& schedule;
  const PieceProfile& piece;
  const ModelProfile& model;
  std::int64_t larger_rows, smaller_rows;
  int larger_count;

  // Still on their way: what EMBED_F has sent since the last compute action, and the copy of the
  // last EMBED_B.
  std::vector<Action> sending = {}, gradients = {};

  // Whether the action is of a piece, or a message to or from all of them: then that is all.
  bool run(const Action& action, BlockTally& tally) {
    if (is_of_embedding(action.op)) embedding(action, tally);
    if (is_compute(action.op)) leave(sending, tally);
    const int pieces = schedule.rank_count();
    const bool twice = schedule.has_two_barriers();
    if (action.op == Op::kVocabularyForward) {
      twice ? forward(action, piece.statistics, pieces, tally)
            : forward(action, piece.result, 1, tally);
    } else if (action.op == Op::kReceiveVocabularyBackward && twice) {
      take(action, piece.statistics, pieces, tally);
    } else if (action.op == Op::kVocabularyBackward) {
      if (twice) gradient(action, pieces, tally);
      backward(action, tally);
    }
    if (is_of_piece(action.op)) return true;
    const bool last = schedule.cuts_vocabulary() && action.stage + 1 == schedule.stage_count();
    if (!last) return false;
    if (sends_gradient(action.op)) take(action, piece.result, -pieces, tally);
    if (action.op == Op::kReceiveBackward) take(action, piece.result, pieces, tally);
    if (action.op == Op::kSendForward) {  // all but one of the pieces get a copy
      take(action, piece.input, pieces - 1, tally);
      take(action, piece.input, 1 - pieces, tally);
    }
    return action.op == Op::kReceiveBackward || action.op == Op::kSendForward;
  }
  void evaluate(const Action& action, BlockTally& tally) {
    if (is_of_embedding(action.op)) embedding(action, tally);
    if (is_compute(action.op)) leave(sending, tally);
    if (action.op != Op::kVocabularyForward) return;
    forward(action, piece.statistics, 1, tally);
    backward(action, tally);
  }

  void take(const Action& action, std::int64_t row_bytes, int count, BlockTally& tally) const {
    const bool larger = action.microbatch < larger_count;
    tally.take(model.block_bytes((larger ? larger_rows : smaller_rows) * row_bytes), count);
  }
  // Rows come by a message but where the chain ends, and go on, on the first stage's rank to its F.
  // A gradient goes on as a copy.
  void embedding(const Action& action, BlockTally& tally) {
    const bool first = action.stage == schedule.placement.rank_of(0);
    const bool last = action.stage == embedding_chain(schedule.placement).back();
    const auto rows = [&](int count) { take(action, piece.rows, count, tally); };
    if (action.op == Op::kReceiveEmbeddingForward || action.op == Op::kReceiveEmbeddingBackward) {
      rows(1);
    } else if (action.op == Op::kEmbeddingForward) {
      if (last) rows(1);
      if (!first) sending.push_back(action);
    } else {
      if (!last) rows(1);
      rows(-1);
      leave(gradients, tally);
      if (!last) gradients.push_back(action);
    }
  }
  // What was on its way has been received.
  void leave(std::vector<Action>& sent, BlockTally& tally) {
    for (const Action& action : sent) take(action, piece.rows, -1, tally);
    sent.clear();
  }
  void end_step(BlockTally& tally) { leave(gradients, tally); }
  // S keeps its input and the logits; what it has made is on its way, a copy for each.
  void forward(const Action& action, std::int64_t result, int copies, BlockTally& tally) const {
    for (const std::int64_t bytes : {piece.input, piece.logits}) take(action, bytes, 1, tally);
    take(action, result, copies, tally);
    take(action, result, -copies, tally);
  }
  // From all pieces' statistics; it is on its way before T does more.
  void gradient(const Action& action, int pieces, BlockTally& tally) const {
    take(action, piece.statistics, -pieces, tally);
    take(action, piece.result, 1, tally);
    take(action, piece.result, -1, tally);
  }
  void backward(const Action& action, BlockTally& tally) const {
    for (const std::int64_t bytes : {piece.input, piece.logits}) take(action, bytes, -1, tally);
  }
};

}  // namespace pipetrain
