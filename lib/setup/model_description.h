// A model as a table before it runs: its layers with shapes, parameters and FLOP, and the stage and
// rank that each falls to. It must not know how the cut was found or where the table is printed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "setup/layout.h"

namespace pipetrain {

// Keys: layers (list: name, input_row, output_row, parameters, forward_flop, stage, rank, and of a
// tied one tied_to), stages (list: stage, rank, first_layer, layers, parameters, forward_flop), and
// the totals parameters, forward_flop_per_row, training_flop_per_row. A tied parameter counts where
// it is used first.
nlohmann::ordered_json describe_model(const Config& config, const ModelSetup& model,
                                      const Layout& layout);

// The same for people, at most 100 columns wide for names and shapes of usual lengths.
std::string model_text(const nlohmann::ordered_json& description);

}  // namespace pipetrain
