// The kinds of layers that a list of layers may name, one row each. It must not know how a layer
// computes or which options it has: its own file does.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nn/layer_option.h"
#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {

// Rows of a batch as a layer takes or gives them, without the batch.
enum class RowForm : std::uint8_t {
  kIds,            // (tokens)
  kTokens,         // (tokens, width)
  kImage,          // (height, width, channels)
  kTokensOrImage,  // either of these two
  kAny,            // numbers with any axes
  kVector,         // (width)
  kSame,           // what the layer takes
};
const char* text_of(RowForm form);

// Reads the options of an entry and adds its layers to the model. Error(kConfiguration) names file
// and line of what does not fit.
using LayerFactory = void(ModelBuilder& model, LayerOptions& options);

// What it declares of them.
using LayerOptionList = std::vector<LayerOption>();

struct LayerKind {
  std::string_view name;
  const char* description;
  RowForm takes, gives;
  LayerFactory* make;
  LayerOptionList* options = nullptr;  // null: it takes none
  int residual = 0;  // how many of the layers that it makes add to their input, as GPT-2's scheme
                     // of starting values counts them
};

// Each option once, those of the first before those of the second.
std::vector<LayerOption> joined(std::vector<LayerOption> first,
                                const std::vector<LayerOption>& second);

// In the order in which they are listed for people.
std::span<const LayerKind> layer_kinds();

}  // namespace pipetrain
