#include "text/utf8_stream.h"

#include <cstdint>
#include <span>

#include "text/utf8.h"

namespace pipetrain {

bool Utf8Stream::may_go_on(std::size_t at) const {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(held_[i]); };
  const std::size_t length = byte(at) >= 0xF0 ? 4 : byte(at) >= 0xE0 ? 3 : 2;
  if (byte(at) < 0xC2 || byte(at) > 0xF4 || held_.size() - at >= length) return false;
  for (std::size_t i = at + 1; i < held_.size(); ++i) {
    if ((byte(i) & 0xC0) != 0x80) return false;
  }
  return true;
}

std::string Utf8Stream::add(std::string_view bytes) {
  held_ += bytes;
  std::string shown;
  std::size_t at = 0;
  while (at < held_.size() && !may_go_on(at)) {
    const std::size_t start = at;
    const bool byte = next_symbol(std::as_bytes(std::span(held_)), at) >= kFirstByteSymbol;
    shown += byte ? kReplacement : std::string_view(held_).substr(start, at - start);
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
