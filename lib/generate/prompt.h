// The tokens that a text begins with. It must not know layers, nor how it goes on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "setup/language_model.h"

namespace pipetrain {

// Those of `prompt`, or the start token if there are none. Error(kConfiguration) for what the
// tokenizer does not know.
std::vector<std::int32_t> prompt_tokens(const LanguageModel& model, std::string_view prompt);

}  // namespace pipetrain
