// The names of the files in exported folders, and of their last layer's weight. It must not know
// what is in them.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace pipetrain {

inline bool is_there(const std::string& path) {
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable);
}

constexpr const char* kWeightsFile = "model.safetensors";
constexpr const char* kHfHead = "lm_head.weight";
constexpr const char* kHfConfigFile = "config.json";
constexpr const char* kHfTokenizerFile = "tokenizer.json";
constexpr const char* kHfPreprocessorFile = "preprocessor_config.json";
constexpr const char* kHfTokenizerConfigFile = "tokenizer_config.json";
constexpr const char* kOwnTokenizerFile = "tokenizer_pipetrain.json";  // one that is not theirs

}  // namespace pipetrain
