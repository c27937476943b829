#include "generate/prompt.h"

#include <string>

#include "base/error.h"
#include "text/tokenizer.h"

namespace pipetrain {

std::vector<std::int32_t> prompt_tokens(const LanguageModel& model, std::string_view prompt) {
  std::vector<std::int32_t> tokens;
  try {
    model.tokenizer->encode(prompt, SpecialTokens::kAround, tokens);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("--prompt: ") + error.what());
  }
  if (tokens.empty()) tokens = {model.tokenizer->start_token()};
  return tokens;
}

}  // namespace pipetrain
