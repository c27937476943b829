// How weights are updated, as the user wrote it. Plain data; it must not know tensors.
#pragma once

#include <array>
#include <string>

namespace pipetrain {

struct LearningRateConfig {
  std::string type = "constant";  // a row of optim/learning_curves.cpp
  int warmup_steps = 0;           // rising linearly from 0
  int decay_steps = 0;            // the step at which min_learning_rate is reached; 0: train.steps
  double min_learning_rate = 0;
  bool decay_given = false;  // decay_steps were, and are not those of train.steps
};

struct OptimizerConfig {
  std::string type = "adamw";  // a row of optim/optimizers.cpp
  double learning_rate = 1e-3;
  std::array<double, 2> betas = {0.9, 0.99};
  double momentum = 0.9;     // of sgd
  double weight_decay = 0;   // on parameters of two or more dimensions
  double clip_norm = 0;      // 0: no clipping
  bool looks_ahead = false;  // along the momentum (Nesterov); pipeline.delay_correction says so
  LearningRateConfig schedule;
};

}  // namespace pipetrain
