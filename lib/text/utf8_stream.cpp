#include "text/utf8_stream.h"

#include <span>

#include "text/utf8.h"

namespace pipetrain {

bool Utf8Stream::may_go_on(std::size_t at) const {
  const auto first = static_cast<unsigned char>(held_[at]);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2, there = held_.size() - at;
  return first >= 0xC2 && first <= 0xF4 && there < length && broken_part(held_, at) == there;
}

std::string Utf8Stream::add(std::string_view bytes) {
  held_ += bytes;
  std::string shown;
  std::size_t at = 0;
  while (at < held_.size() && !may_go_on(at)) {
    const std::size_t start = at;
    if (next_symbol(std::as_bytes(std::span(held_)), at) < kFirstByteSymbol) {
      shown += std::string_view(held_).substr(start, at - start);
    } else {
      shown += kReplacement;
      at = start + broken_part(held_, start);
    }
  }
  held_.erase(0, at);
  return shown;
}

std::string Utf8Stream::finish() {
  const std::string shown(held_.empty() ? "" : kReplacement);
  held_.clear();
  return shown;
}

}  // namespace pipetrain
