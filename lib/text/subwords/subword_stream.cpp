#include "text/subwords/subword_stream.h"

namespace pipetrain {

std::string SubwordStream::follow(std::string_view prompt, std::span<const std::int32_t> tokens) {
  tokens_.assign(tokens.begin(), tokens.end());
  seen_ = tokens_.size();
  before_ = bytes();
  Utf8Stream valid;
  std::string shown = valid.add(prompt);
  return shown += valid.finish();
}

std::string SubwordStream::add(std::int32_t token) {
  if (tokenizer_.is_special(token)) return {};
  tokens_.push_back(token);
  const std::string now = bytes();
  if (now.size() <= before_.size()) return {};
  const std::string more = now.substr(before_.size());
  tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(seen_));
  seen_ = tokens_.size();
  before_ = bytes();
  return utf8_.add(more);
}

}  // namespace pipetrain
