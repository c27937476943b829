// The tokens that a text begins with. It must not know layers, nor how it goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "setup/language_model.h"

namespace pipetrain {

// Where a prompt is from, for messages ("--prompt", "prompts.jsonl:3"), and how the program ends if
// it is of no use.
struct PromptPlace {
  std::string text = "--prompt";
  ExitCode code = ExitCode::kConfiguration;
};

// Those of `prompt`, or the start token if there are none. An Error of the place's code for what
// the tokenizer does not know.
std::vector<std::int32_t> prompt_tokens(const LanguageModel& model, std::string_view prompt,
                                        const PromptPlace& place = {});

}  // namespace pipetrain
