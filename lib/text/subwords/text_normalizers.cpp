// What is cut off, put before or replaced in a text.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "text/characters.h"
#include "text/subwords/normalizers.h"
#include "text/subwords/replacement.h"

namespace pipetrain {
namespace {

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(std::string& text) const override {
    std::size_t begin = 0, end = text.size();
    for (std::size_t at = 0; left_ && at < end;) {
      if (!is_white_space(next_character(text, at))) break;
      begin = at;
    }
    while (right_ && end > begin) {
      std::size_t at = previous_character(text, end);
      const std::size_t start = at;
      if (!is_white_space(next_character(text, at))) break;
      end = start;
    }
    text = text.substr(begin, end - begin);
  }
  bool parts(std::string_view /*text*/, std::string_view /*rest*/) const override { return false; }

 private:
  bool left_, right_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string added) : added_(std::move(added)) {}
  void apply(std::string& text) const override {
    if (!text.empty()) text.insert(0, added_);
  }
  bool only_at_start() const override { return true; }

 private:
  std::string added_;
};

class Replace final : public Normalizer {
 public:
  explicit Replace(JsonPart& part) : replacement_(part) {}
  void apply(std::string& text) const override { replacement_.apply(text); }
  bool parts(std::string_view text, std::string_view rest) const override {
    return replacement_.parts(text, rest);
  }

 private:
  Replacement replacement_;
};

Normalizers one(std::unique_ptr<Normalizer> made) {
  Normalizers all;
  all.push_back(std::move(made));
  return all;
}

}  // namespace

Normalizers read_strip(JsonPart& part) {
  const bool left = part.flag_or("strip_left", true), right = part.flag_or("strip_right", true);
  return one(std::make_unique<Strip>(left, right));
}
Normalizers read_prepend(JsonPart& part) {
  return one(std::make_unique<Prepend>(part.short_text("prepend")));
}
Normalizers read_replace(JsonPart& part) { return one(std::make_unique<Replace>(part)); }

}  // namespace pipetrain
