// A rank's piece of the vocabulary as planning and the foreseeing of memory see it. Pure; it must
// not know how a piece is computed.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/profile.h"
#include "plan/rank_parameters.h"
#include "schedule/schedule.h"

namespace pipetrain {

// In bytes of a row of the batch, but for the elements of the pieces' parameters.
struct PieceProfile {
  std::int64_t elements = 0;    // of the head, if it is not tied
  std::int64_t table = 0;       // of the embedding's table; 0: that is whole
  bool tied = false;            // the head has the same
  std::int64_t rows = 0;        // what is looked up
  std::int64_t input = 0;       // what S takes
  std::int64_t logits = 0;      // what stays with that until T
  std::int64_t result = 0;      // what S, or with two waits T, sends to the last stage
  std::int64_t statistics = 0;  // what S sends in evaluation, and with two waits to all pieces

  bool cut() const { return input > 0; }  // else the vocabulary is whole
  bool cuts_embedding() const { return table > 0; }
  // What a rank keeps of it beside its stages' parameters.
  void add_to(RankParameters& rank) const;
};

// Takes the head, the last layer, and the embedding's table from the model's profile: pieces of
// them, of so many. What is left of the embedding takes what was looked up.
PieceProfile take_piece(ModelProfile& model, int pieces, VocabularyPlace place);
// What is known of a model without what was measured.
ModelProfile facts_of(const ModelProfile& model);
// Layers at so many rows, of which the first is what is left of the embedding, if `piece` cuts it.
std::vector<LayerMeasure> layers_of_pieces(const ModelProfile& whole, const PieceProfile& piece,
                                           std::vector<LayerMeasure> layers, std::int64_t rows);
// Their times, of the head's; and all of them where cores are shared out.
std::vector<PieceCost> piece_costs(const StageCost& head, int pieces, VocabularyPlace place);
void scale(std::vector<PieceCost>& pieces, double factor);
// rank_parameters() of a model with its head, of which each rank has a piece if the schedule has.
std::vector<RankParameters> parameters_with_pieces(const ModelProfile& model,
                                                   const Schedule& schedule,
                                                   const std::vector<int>& first_layers,
                                                   bool sharded);
// What each rank sends in a step of so many rows to and from the last stage's, to other pieces, and
// on the embedding's chain, beside the rest.
void add_piece_bytes(const PieceProfile& piece, std::int64_t rows, const Schedule& schedule,
                     std::vector<std::int64_t>& sent);

}  // namespace pipetrain
