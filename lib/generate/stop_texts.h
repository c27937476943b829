// Finds in a text that comes piece by piece the first of some texts that end it. What may be the
// beginning of one is held back until it is known. It must not know tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipetrain {

class StopTexts {
 public:
  explicit StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  // What of the text can be shown now: never a part of a text that ends it. Once one was found,
  // nothing more.
  std::string add(std::string_view text);
  std::string finish();  // what was held back, where no more text comes
  bool found() const { return found_; }
  void begin_again();  // with a new text

 private:
  std::size_t held() const;  // bytes at the end that may be the beginning of one

  std::vector<std::string> texts_;
  std::string text_;  // not shown yet
  bool found_ = false;
};

}  // namespace pipetrain
