// A GPT of 7 layers whose head is tied to its embedding, cut into stages for a test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "nn/layers/model.h"
#include "pipeline/parameter_store.h"
#include "pipeline/partition.h"
#include "pipeline/stage.h"

namespace pipetrain {

constexpr std::int64_t kTokens = 4;
constexpr int kVocabulary = 11;

struct SmallModel {
  std::vector<std::unique_ptr<Layer>> layers =
      build_layers({.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = kTokens},
                   {.row = {kTokens}, .vocabulary = kVocabulary});
  ParameterIndex index{layers};

  // The layers of one stage.
  std::vector<Layer*> of_stage(const Partition& partition, int stage) const {
    const std::vector<int> stage_of = stage_of_layers(partition, static_cast<int>(layers.size()));
    std::vector<Layer*> mine;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (stage_of[i] == stage) mine.push_back(layers[i].get());
    }
    return mine;
  }
  // The parameters of these stages, with initial values and gradients.
  std::unique_ptr<ParameterStore> store(MemoryPool& pool, const Partition& partition,
                                        const std::vector<int>& stages) const {
    StageLayers of_stages;
    for (const int stage : stages) of_stages.push_back(of_stage(partition, stage));
    auto made = std::make_unique<WholeParameters>(pool, index, of_stages);
    made->add_gradients(stage_of_layers(partition, static_cast<int>(layers.size())));
    made->initialize_values(1);
    return made;
  }
};

}  // namespace pipetrain
