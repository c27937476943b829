// What `pipetrain generate` was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/binding.h"
#include "generate/sampler.h"
#include "tensor/shape.h"

namespace pipetrain {

struct GenerateOptions {
  std::string checkpoint, prompt, prompts;
  bool chat = false, measure = false;
  std::string chat_template, system;
  std::vector<std::string> stops;
  int tokens = 200;
  SamplingOptions sampling;
  DType weights = DType::kFloat32;  // what matrices of weights are in memory
  Binding bind = Binding::kCores;
};

}  // namespace pipetrain
