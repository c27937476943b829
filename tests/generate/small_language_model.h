// A checkpoint of a small language model with random weights, whose tokens are bytes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "data/temporary_folder.h"
#include "nn/layers/model.h"
#include "setup/language_model.h"
#include "setup/weights.h"

namespace pipetrain {

constexpr std::int64_t kSmallContext = 24;

inline Checkpoint small_checkpoint(const TemporaryFolder& at, const std::string& preset) {
  Config config;
  config.model = {.preset = preset,
                  .depth = 2,
                  .heads = 4,
                  .width = 48,
                  .context = static_cast<int>(kSmallContext)};
  config.data.path = {"corpus.txt"};
  config.data.sequence_length = static_cast<int>(kSmallContext);
  config.train.output = "/run";
  const auto layers = build_layers(config.model, {.row = {kSmallContext}, .vocabulary = 256});
  std::vector<std::vector<float>> values;
  std::vector<CheckpointTensor> tensors;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (parameter.tied_to_earlier) continue;
      const std::uint64_t key = random_key(5, parameter.name);
      std::vector<float>& own = values.emplace_back();
      for (std::int64_t i = 0; i < parameter.elements(); ++i) {
        own.push_back(parameter.initial.scale +
                      0.3f * normal_at(key, static_cast<std::uint64_t>(i)));
      }
      tensors.push_back(
          {.name = parameter.name, .shape = extents_of(parameter.shape), .data = own.data()});
    }
  }
  begin_checkpoint(at.path("run"), 1);
  const std::string list = write_rank_file(at.path("run"), 1, 0, 1, tensors);
  return open_checkpoint(finish_checkpoint(at.path("run"), {.step = 1}, {list},
                                           R"({"type": "byte"})", resolved_yaml(config)));
}

}  // namespace pipetrain
