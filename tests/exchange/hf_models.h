// A small model of each Hugging Face family, and what is wrong with a configuration of one. It must
// not know which keys a test looks at.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/table.h"
#include "catch.h"
#include "exchange/hf_config.h"

namespace pipetrain {

inline Decoder small_gpt2() {
  return {.family = find_row(hf_families(), "gpt2")->models,
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
  return {.family = find_row(hf_families(), "llama")->models,
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

// As it comes from a file.
inline Decoder parsed(const nlohmann::json& config) {
  return parse_hf_config(nlohmann::json::parse(config.dump()), "config.json");
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
inline std::string refusal(const Decoder& model, const std::string& key,
                           const nlohmann::json& value) {
  nlohmann::json config = hf_config_of(model);
  config[key] = value;
  const std::string error = error_of([&] { parsed(config); }, ExitCode::kCheckpoint);
  CHECK(error.starts_with("checkpoint: config.json: "));
  return error;
}

}  // namespace pipetrain
