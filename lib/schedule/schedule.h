// A pipeline schedule as pure data: for each rank the ordered list of actions of one step.
// It must not know tensors, layers or how an action is executed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/placement.h"
#include "schedule/vocabulary_place.h"

namespace pipetrain {

// F forward; I gradient with respect to the input; W with respect to the weights; B both; R
// recompute. Of the head's vocabulary over the pipeline, each rank has a piece: S is the piece's
// logits and what follows from them alone, T its weight gradients once all pieces are known, in
// Vocab-1 with its part of the input gradient (Yeung et al. 2024, arXiv 2411.05288, section 4).
// kReceive* post a receive; kSend* hand a finished
// result to the mailbox; kReduceGrad sums a stage's gradient over its copies. Of sharded weights,
// kUnshard starts to gather a stage's and kReshard drops them. Of an embedding whose rows all ranks
// share, kEmbedding* look up the rows of a piece, and add to their gradients.
enum class Op : std::uint8_t {
  kForward,
  kBackwardInput,
  kBackwardWeight,
  kBackward,
  kRecompute,
  kVocabularyForward,
  kVocabularyBackward,
  kSendForward,
  kReceiveForward,
  kSendBackward,
  kReceiveBackward,
  kReceiveVocabularyForward,
  kReceiveVocabularyBackward,
  kEmbeddingForward,
  kEmbeddingBackward,
  kReceiveEmbeddingForward,
  kReceiveEmbeddingBackward,
  kReduceGrad,
  kUnshard,
  kReshard,
};

struct Action {
  Op op = Op::kForward;
  int stage = 0;       // of a piece of the vocabulary: the place of its rank
  int microbatch = 0;  // 0 where the action is of the whole stage
  int slice = 0;       // of the microbatch's sequences, where the schedule cuts them
  friend bool operator==(const Action&, const Action&) = default;

  // Another op of the same stage, microbatch and slice.
  Action as(Op other) const {
    Action action = *this;
    action.op = other;
    return action;
  }
};

// "2F0", "2SEND_F0", "2UNSHARD": stage, op, microbatch; "2F0.1" of slice 1. Slice 0 is not written.
std::string text_of(const Action& action);
// The inverse; nothing if it is no action.
std::optional<Action> parse_action(std::string_view text);
bool is_compute(Op op);  // F, I, W, B, R, S, T
// It is of a piece of the embedding's table.
inline bool is_of_embedding(Op op) {
  return op >= Op::kEmbeddingForward && op <= Op::kReceiveEmbeddingBackward;
}
// It is of a piece of the vocabulary, the head's or the embedding's, not of a stage.
inline bool is_of_piece(Op op) {
  return op == Op::kVocabularyForward || op == Op::kVocabularyBackward ||
         op == Op::kReceiveVocabularyForward || op == Op::kReceiveVocabularyBackward ||
         is_of_embedding(op);
}
// It is for all of a stage's microbatches together.
inline bool is_of_stage(Op op) {
  return op == Op::kReduceGrad || op == Op::kUnshard || op == Op::kReshard;
}
inline bool sends_gradient(Op op) { return op == Op::kBackwardInput || op == Op::kBackward; }
inline bool ends_microbatch(Op op) { return op == Op::kBackwardWeight || op == Op::kBackward; }

// Most actions of a schedule that is read or made for a user: beyond it lie slips of the pen, and
// gigabytes.
constexpr std::size_t kMostActions = 5'000'000;

struct Schedule {
  Placement placement;
  int microbatches = 0;
  std::vector<std::vector<Action>> ranks;
  // Of each microbatch's sequences (Sun et al., arXiv:2406.03488). A slice's F comes after those of
  // the slices before it, whose keys and values it sees, and its I after those of the slices
  // behind.
  int slices = 1;
  VocabularyPlace vocabulary = VocabularyPlace::kWhole;

  // Over the pipeline: all ranks have S and T of every microbatch.
  bool cuts_vocabulary() const { return is_over_pipeline(vocabulary); }
  // T needs the S of all pieces, and the last stage's I all T. With one barrier that I needs all S,
  // and T that I.
  bool has_two_barriers() const { return vocabulary == VocabularyPlace::kVocab1; }

  // Slices of all microbatches, and which of them an action is of.
  int all_slices() const { return microbatches * slices; }
  int slice_number(const Action& action) const { return action.microbatch * slices + action.slice; }
  int rank_count() const { return static_cast<int>(ranks.size()); }
  int stage_count() const { return placement.stage_count(); }
  // Which copy of its stages a microbatch passes through: by its half of the step.
  int copy_of(int microbatch) const {
    return copy_of_microbatch(microbatch, microbatches, placement.copies());
  }
  // Stages of the rank that has most; of one copy.
  int virtual_stages() const { return placement.most_stages(); }
  // v, or the mean where ranks have different numbers of stages. Of two copies each microbatch
  // passes through one, so a rank's share of the work is that of one.
  double stages_per_rank() const {
    return static_cast<double>(placement.stage_count()) / placement.rank_count();
  }
  std::size_t action_count() const;
};

// The flat index of an action's microbatch, or slice of one, on its stage, for tables over both.
inline std::size_t cell(const Schedule& schedule, const Action& action) {
  return static_cast<std::size_t>(action.stage) * static_cast<std::size_t>(schedule.all_slices()) +
         static_cast<std::size_t>(schedule.slice_number(action));
}
inline std::size_t cell_count(const Schedule& schedule) {
  return static_cast<std::size_t>(schedule.stage_count()) *
         static_cast<std::size_t>(schedule.all_slices());
}

bool is_forward_only(const Schedule& schedule);

// Whether the weight gradients of every stage, or of each of its copies, come in ascending order of
// microbatches, and of slices of one from the last down: all such schedules of as many copies and
// slices give the same bits.
bool accumulates_in_ascending_order(const Schedule& schedule);

// The rank that runs a microbatch on a stage.
inline int rank_of_stage(const Schedule& schedule, int stage, int microbatch) {
  return schedule.placement.rank_of(stage, schedule.copy_of(microbatch));
}

// Which rank's list an action belongs to.
inline int rank_of(const Schedule& schedule, const Action& action) {
  return is_of_piece(action.op) ? action.stage
                                : rank_of_stage(schedule, action.stage, action.microbatch);
}

// As the order of the actions has it: on the last stage's rank, T stands before that stage's I
// where the pieces wait for each other twice.
VocabularyPlace vocabulary_in(const Schedule& listed);

// Why slices of sequences, two copies of every stage and a vocabulary over the pipeline do not go
// together; nothing if there is at most one of the three.
std::optional<std::string> why_not_together(int slices, int copies, bool vocabulary);

}  // namespace pipetrain
