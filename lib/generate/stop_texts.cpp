#include "generate/stop_texts.h"

#include <algorithm>

namespace pipetrain {

std::size_t StopTexts::held() const {
  std::size_t most = 0;
  for (const std::string& stop : texts_) {
    for (std::size_t n = std::min(stop.size() - 1, text_.size()); n > most; --n) {
      if (text_.ends_with(std::string_view(stop).substr(0, n))) most = n;
    }
  }
  return most;
}

std::string StopTexts::add(std::string_view text) {
  if (found_) return {};
  text_ += text;
  std::size_t end = std::string::npos;
  for (const std::string& stop : texts_) end = std::min(end, text_.find(stop));
  found_ = end != std::string::npos;
  if (!found_) end = text_.size() - held();
  std::string shown = text_.substr(0, end);
  text_.erase(0, end);
  if (found_) text_.clear();
  return shown;
}

std::string StopTexts::finish() { return std::exchange(text_, {}); }

void StopTexts::begin_again() {
  text_.clear();
  found_ = false;
}

}  // namespace pipetrain
