// A GPT of seven layers, as small as can be, and its set-up.
#pragma once

#include "config/config.h"
#include "setup/model/model_setup.h"

namespace pipetrain {

inline Config seven_layers() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.train.batch_size = 8;
  return config;
}

inline const DataShape kFourTokens{.row = {4}, .vocabulary = 13, .classes = 13};

inline ModelSetup set_up_on(const Config& config, int ranks) {
  return set_up_model(config, {.data = kFourTokens, .stage_ranks = ranks});
}

}  // namespace pipetrain
