// What does not go with steps that follow each other without a flush: pipeline.delay and
// pipeline.post_validation. It must not know how either is done.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace pipetrain {

struct KeyFault {
  std::string key, what;
};

inline std::optional<KeyFault> delay_fault(const Config& config) {
  const bool corrects = config.pipeline.delay_correction != DelayCorrection::kNone;
  if (config.pipeline.delay == 0) {
    if (!corrects) return std::nullopt;
    return KeyFault{"pipeline.delay_correction",
                    "is for pipeline.delay 1, but delay is 0; leave it out"};
  }
  if (config.parallel.shard == Shard::kParameters) {
    return KeyFault{"parallel.shard",
                    "parameters has no meaning with pipeline.delay 1; set it to optimizer or none"};
  }
  if (corrects && config.optimizer.type == "sgd" && config.optimizer.momentum == 0) {
    return KeyFault{"pipeline.delay_correction",
                    "nesterov has no meaning without optimizer.momentum"};
  }
  return std::nullopt;
}

// Nothing if there is none.
inline std::optional<KeyFault> following_steps_fault(const Config& config) {
  if (auto fault = delay_fault(config)) return fault;
  if (!config.pipeline.post_validation) return std::nullopt;
  if (config.pipeline.delay > 0) {
    return KeyFault{"pipeline.post_validation",
                    "true does not go with pipeline.delay 1, whose updates wait for no norm "
                    "anyway; leave one of them out"};
  }
  if (config.parallel.shard == Shard::kParameters) {
    return KeyFault{"parallel.shard",
                    "parameters does not go with pipeline.post_validation true; set it to "
                    "optimizer or none"};
  }
  return std::nullopt;
}

}  // namespace pipetrain
