#include "generate/prompt.h"

namespace pipetrain {

std::vector<std::int32_t> prompt_tokens(const LanguageModel& model, std::string_view prompt) {
  std::vector<std::int32_t> tokens = model.tokenizer.encode(prompt, model.vocabulary);
  if (tokens.empty()) tokens = {model.tokenizer.start_token(model.vocabulary)};
  return tokens;
}

}  // namespace pipetrain
