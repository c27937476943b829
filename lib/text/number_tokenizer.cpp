#include "text/number_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/number.h"
#include "text/utf8_stream.h"

namespace pipetrain {
namespace {

class NumberStream final : public TextStream {
 public:
  std::string follow(std::string_view prompt, std::span<const std::int32_t> /*tokens*/) override {
    if (!prompt.empty()) last_ = prompt.back();
    return utf8_.add(prompt);
  }
  std::string add(std::int32_t token) override {
    const bool begins = last_ == '\0' || last_ == '\n' || last_ == ' ';
    last_ = '0';
    return utf8_.add((begins ? "" : " ") + std::to_string(token));
  }
  std::string finish() override { return utf8_.finish(); }

 private:
  Utf8Stream utf8_;
  char last_ = '\0';
};

}  // namespace

void NumberTokenizer::encode(std::string_view text, SpecialTokens /*special*/,
                             std::vector<std::int32_t>& ids) const {
  const std::string_view spaces = " \t\n,";
  for (std::size_t at = text.find_first_not_of(spaces); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
    const auto token = parse_number<std::int32_t>(text.substr(at, end - at)).value_or(-1);
    if (token < 0 || token >= vocabulary_) {
      throw Error(ExitCode::kConfiguration,
                  "found '" + Utf8Stream().add(text.substr(at, end - at)) +
                      "'; the model's tokens have no text here, expected numbers from 0 to " +
                      std::to_string(vocabulary_ - 1));
    }
    ids.push_back(token);
    at = text.find_first_not_of(spaces, end);
  }
}

std::string NumberTokenizer::decode(std::span<const std::int32_t> ids,
                                    SpecialTokens /*special*/) const {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text;
}

std::unique_ptr<TextStream> NumberTokenizer::stream() const {
  return std::make_unique<NumberStream>();
}

}  // namespace pipetrain
