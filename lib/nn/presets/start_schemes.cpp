#include "nn/presets/start_schemes.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "nn/presets/presets.h"

namespace pipetrain {

using enum Spread;

constexpr StartRule kTorchStart = {kUniformIn, true};

// PyTorch's modules as they are made: nn.Embedding, nn.MultiheadAttention, nn.Linear, nn.Conv.
// In the order of ModelPart: table, positions, positions of patches; qkv, projection, up, down;
// linear, head, convolution, patches. What the family does not have is drawn as it suits.
// clang-format off
constexpr StartScheme kTorchStarts = {
    "torch", 0,
    {{{kOne}, {kOne}, {kOne}, {kXavier}, {kUniformIn}, kTorchStart, kTorchStart, kTorchStart, kTorchStart, kTorchStart, kTorchStart}}};
// clang-format on

namespace {

std::vector<const StartScheme*> schemes() {
  std::vector<const StartScheme*> all;
  for (const Preset& preset : presets()) {
    if (std::ranges::find(all, preset.starts) == all.end()) all.push_back(preset.starts);
  }
  all.push_back(&kTorchStarts);
  return all;
}

}  // namespace

std::vector<std::string> start_scheme_names() {
  std::vector<std::string> names;
  for (const StartScheme* scheme : schemes()) names.emplace_back(scheme->name);
  return names;
}

const StartScheme& start_scheme_of(const ModelConfig& config) {
  const std::vector<const StartScheme*> all = schemes();
  const Preset* preset = find_row(presets(), config.preset);
  const auto named = std::ranges::find(all, config.init, &StartScheme::name);
  const StartScheme& scheme = named != all.end()  ? **named
                              : preset != nullptr ? *preset->starts
                                                  : *all.front();
  if (config.init_std > 0 && scheme.std == 0) {
    std::vector<std::string> others;
    for (const StartScheme* other : all) {
      if (other->std > 0) others.emplace_back(other->name);
    }
    throw Error(ExitCode::kConfiguration,
                "model.init_std: has no part in model.init: " + std::string(scheme.name) +
                    "; leave it out, or take one of " + join(others));
  }
  return scheme;
}

}  // namespace pipetrain
