#include "pipeline/vocabulary_cut.h"

#include <cstdint>

namespace pipetrain {

PieceCost take_piece_cost(std::vector<StageCost>& layer_costs, int pieces, VocabularyPlace place) {
  const StageCost head = layer_costs.back();
  layer_costs.pop_back();
  return piece_cost(head, pieces, place);
}

PieceGradient gradient_of_piece(VocabularyPlace place) {
  return place == VocabularyPlace::kVocab1 ? PieceGradient::kInBackward : PieceGradient::kInForward;
}

std::optional<std::string> why_no_pieces(const Layer& last, int pieces, VocabularyPlace place) {
  const std::string found = "pipeline.vocabulary: " + name_of(kVocabularyPlaces, place) +
                            ", but the last layer, " + last.name() + ",";
  if (last.outputs() < pieces) {
    return found + " has " + std::to_string(last.outputs()) + " rows for " +
           std::to_string(pieces) + " ranks; use fewer ranks, or set it to whole";
  }
  if (last.vocabulary_piece({0, pieces}, gradient_of_piece(place)) == nullptr) {
    return found +
           " has no rows that ranks can share out; end the model with a linear layer "
           "without cap, or set it to whole";
  }
  return std::nullopt;
}

}  // namespace pipetrain
