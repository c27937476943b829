// A small model of each Hugging Face family, and what is wrong with a configuration of one. It must
// not know which keys a test looks at.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/table.h"
#include "catch.h"
#include "exchange/hf_config.h"
#include "nn/layers/embedding.h"

namespace pipetrain {

inline DecoderFamily family_of(const std::string& name) {
  return std::get<HfDecoders>(find_row(hf_families(), name)->models).models;
}

inline Decoder small_gpt2() {
  return {.family = family_of("gpt2"),
          .depth = 3,
          .heads = 4,
          .kv_heads = 4,
          .width = 48,
          .mlp_width = 100,
          .context = 32,
          .vocabulary = 97,
          .tied = true,
          .dropout = 0.1,
          .embedding_dropout = 0.1,
          .attention_dropout = 0.1};
}

inline Decoder small_llama() {
  return {.family = family_of("llama"),
          .depth = 2,
          .heads = 4,
          .kv_heads = 2,
          .width = 48,
          .mlp_width = 128,
          .context = 64,
          .vocabulary = 97,
          .activation = MlpActivation::kSwiGlu,
          .norm = NormKind::kRms,
          .bias = BranchBias::kNone,
          .rotary = true};
}

inline Encoder small_vit() {
  return {.depth = 2,
          .heads = 4,
          .width = 16,
          .mlp_width = 24,
          .classes = 3,
          .patch = 4,
          .image = 12,
          .channels = 3};
}

inline Encoder small_bert() {
  return {.depth = 2,
          .heads = 4,
          .width = 16,
          .mlp_width = 24,
          .classes = 3,
          .dropout = 0.1,
          .attention_dropout = 0.1,
          .head_dropout = 0.1,
          .vocabulary = 40,
          .context = 12,
          .token_types = 2};
}

// As it comes from a file.
template <class Model = Decoder>
Model parsed(const nlohmann::json& config) {
  return std::get<Model>(parse_hf_config(nlohmann::json::parse(config.dump()), "config.json"));
}

template <class Model>
nlohmann::json config_of(const Model& model) {
  return nlohmann::json::parse(hf_config_of(model).dump());
}

// Of a model whose table of tokens has so many rows.
inline TensorShapes with_vocabulary(int vocabulary) {
  return [vocabulary](const std::string& name) {
    return name == token_table_name() ? std::vector<std::int64_t>{vocabulary, 1}
                                      : std::vector<std::int64_t>();
  };
}

inline std::string error_of(const std::function<void()>& work, ExitCode code) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

// Of a configuration with one key changed; null takes it away.
template <class Model>
std::string refusal(const Model& model, const std::string& key, const nlohmann::json& value) {
  nlohmann::json config = config_of(model);
  config[key] = value;
  const std::string error = error_of([&] { parsed<Model>(config); }, ExitCode::kCheckpoint);
  CHECK(error.starts_with("checkpoint: config.json: "));
  return error;
}

}  // namespace pipetrain
