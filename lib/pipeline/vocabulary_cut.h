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

// Takes the head's costs, the last ones, from a model's. Of each of so many pieces: its S makes
// logits and their product with the table, as the head's F and I do, and its T is the W.
PieceCost take_piece_cost(std::vector<StageCost>& layer_costs, int pieces);

// Why the model's last layer cannot be in so many pieces; nothing if it can.
std::optional<std::string> why_no_pieces(const Layer& last, int pieces);

}  // namespace pipetrain
