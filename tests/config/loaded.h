// Loads a configuration from its text, or says why it cannot be. It must not know the keys.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "config/config.h"
#include "data/temporary_folder.h"

namespace pipetrain {

inline const std::string kModel =
    "model: {preset: gpt, depth: 4, heads: 4, width: 128, context: 64}\n";
inline const std::string kData = "data: {path: corpus.txt}\n";

inline Config load(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  return load_config(folder.write("model.yaml", yaml), overrides);
}

// The message of the error, which is one line of exit code 2; the folder's name is cut off.
inline std::string error_of(const std::string& yaml,
                            const std::vector<std::string>& overrides = {}) {
  try {
    load(yaml, overrides);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    if (message.starts_with("--set")) return message;
    const std::size_t name = message.find("model.yaml");
    return name == std::string::npos ? message : message.substr(name);
  }
  return "no error";
}

}  // namespace pipetrain
