// A rank's piece of the vocabulary as planning and the foreseeing of memory see it. Pure; it must
// not know how a piece is computed.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/profile.h"
#include "plan/rank_parameters.h"
#include "schedule/schedule.h"

namespace pipetrain {

// In bytes of a row of the batch, but for the elements of the piece's parameters.
struct PieceProfile {
  std::int64_t elements = 0;    // 0: the vocabulary is whole
  std::int64_t input = 0;       // what S takes
  std::int64_t logits = 0;      // what stays with that until T
  std::int64_t result = 0;      // what S sends to the last stage
  std::int64_t statistics = 0;  // the same in evaluation
};

// Takes the head, the last layer, from the model's profile: a piece of it, of so many.
PieceProfile take_piece(ModelProfile& model, int pieces);
// The same, and the model keeps its head.
PieceProfile piece_of(const ModelProfile& model, int pieces);
// What each takes of the head's times, and all of them where cores are shared out.
std::vector<PieceCost> piece_costs(const StageCost& head, int pieces);
void scale(std::vector<PieceCost>& pieces, double factor);
// rank_parameters() of a model with its head, of which each rank has a piece if the schedule has.
std::vector<RankParameters> parameters_with_pieces(const ModelProfile& model,
                                                   const Schedule& schedule,
                                                   const std::vector<int>& first_layers,
                                                   bool sharded);
// What each rank sends in a step of so many rows to and from the last stage's, beside the rest.
void add_piece_bytes(const PieceProfile& piece, std::int64_t rows, int last_rank,
                     std::vector<std::int64_t>& sent);

}  // namespace pipetrain
