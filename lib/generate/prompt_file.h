// A file of prompts, one JSON object a line, and the same lines with what follows each. It must not
// know how that is made.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "generate/sequence.h"
#include "setup/language_model.h"

namespace pipetrain {

struct FilePrompt {
  nlohmann::ordered_json object;  // as it was read
  std::string text;               // its "prompt"
  std::vector<std::int32_t> tokens;
};

// The file's objects in order; lines of blanks are passed over. Error(kData) names file and line of
// what is no object with a text "prompt", or has one that the tokenizer does not know.
std::vector<FilePrompt> read_prompts(const std::string& path, const LanguageModel& model);

// The object with "text", "tokens" (how many were made) and "stopped" (why no more: "tokens",
// "end", "stop").
std::string result_line(const FilePrompt& prompt, const std::string& text,
                        const Sequence& sequence);

}  // namespace pipetrain
