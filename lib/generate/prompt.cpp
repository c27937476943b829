#include "generate/prompt.h"

#include "text/tokenizer.h"

namespace pipetrain {

std::vector<std::int32_t> prompt_tokens(const LanguageModel& model, std::string_view prompt,
                                        const PromptPlace& place) {
  std::vector<std::int32_t> tokens;
  try {
    model.tokenizer->encode(prompt, SpecialTokens::kAround, tokens);
  } catch (const Error& error) {
    throw Error(place.code, place.text + ": " + error.what());
  }
  if (tokens.empty()) tokens = {model.tokenizer->start_token()};
  return tokens;
}

}  // namespace pipetrain
