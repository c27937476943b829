// What a vocabulary over the pipeline does not go with. It must not know how either is done.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace pipetrain {

// Nothing if it goes with all that the configuration asks for, or the vocabulary is whole.
inline std::optional<std::string> vocabulary_fault(const Config& config) {
  if (config.pipeline.vocabulary == VocabularyPlace::kWhole) return std::nullopt;
  const std::string found = name_of(kVocabularyPlaces, config.pipeline.vocabulary);
  const auto is_not_for = [&](const std::string& what) {
    return found + " is not for " + what + "; set it to whole";
  };
  const auto number = [](int value) { return std::to_string(value); };
  if (config.parallel.tensor > 1) {
    return is_not_for("parallel.tensor " + number(config.parallel.tensor));
  }
  if (config.parallel.shard == Shard::kParameters) return is_not_for("parallel.shard parameters");
  if (config.pipeline.delay > 0)
    return is_not_for("pipeline.delay " + number(config.pipeline.delay));
  if (config.pipeline.post_validation) return is_not_for("pipeline.post_validation true");
  if (config.train.precision == DType::kBFloat16) return is_not_for("train.precision bfloat16");
  if (config.communication.precision == DType::kBFloat16) {
    return is_not_for("communication.precision bfloat16");
  }
  return std::nullopt;
}

}  // namespace pipetrain
