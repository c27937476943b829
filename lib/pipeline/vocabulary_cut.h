// The head of a model whose vocabulary is over the pipeline, as it is cut: what a piece takes, and
// whether there are pieces at all. Pure; it must not know how pieces are run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Takes the head's costs, the last ones, from a model's; gives those of each of so many pieces.
PieceCost take_piece_cost(std::vector<StageCost>& layer_costs, int pieces, VocabularyPlace place);

// With its logits, or once all pieces' totals are known.
PieceGradient gradient_of_piece(VocabularyPlace place);

// Why the model's last layer cannot be in so many pieces, as the configuration asks for; nothing if
// it can.
std::optional<std::string> why_no_pieces(const Layer& last, int pieces,
                                         VocabularyPlace place = VocabularyPlace::kParallel);

}  // namespace pipetrain
