// Descriptions of small models, and why one is refused. It must not know what a test looks for.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layers/model.h"

namespace pipetrain {

inline DataShape tokens(std::int64_t count, std::int64_t vocabulary) {
  return {.row = {count}, .vocabulary = vocabulary};
}

inline DataShape images(std::int64_t size, std::int64_t classes) {
  return {.row = {size, size, 3}, .dtype = DType::kFloat32, .classes = classes};
}

inline ModelConfig gpt() {
  return {.preset = "gpt", .depth = 2, .heads = 4, .width = 32, .context = 16};
}

inline ModelConfig llama() {
  return {.preset = "llama", .depth = 2, .heads = 4, .kv_heads = 2, .width = 32};
}

inline std::string failure(const ModelConfig& config, const DataShape& data = tokens(16, 65),
                           const TensorPlace& place = {}, DType activations = DType::kFloat32) {
  try {
    build_layers(config, data, place, activations);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

inline LayerEntry told_entry(const std::string& kind,
                             std::vector<std::pair<std::string, std::string>> options = {},
                             std::vector<LayerEntry> layers = {}) {
  return {kind, "model.yaml:7", std::move(options), std::move(layers)};
}

}  // namespace pipetrain
