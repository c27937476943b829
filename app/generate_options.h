// What `pipetrain generate` was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/binding.h"
#include "generate/sampler.h"

namespace pipetrain {

struct GenerateOptions {
  std::string checkpoint, prompt, prompts;
  bool chat = false, measure = false;
  std::string chat_template, system;
  std::vector<std::string> stops;
  int tokens = 200;
  SamplingOptions sampling;
  Binding bind = Binding::kCores;
};

}  // namespace pipetrain
