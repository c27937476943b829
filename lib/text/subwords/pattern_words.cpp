#include "text/subwords/pattern_words.h"

#include <cstddef>
#include <vector>

#include "text/subwords/pattern.h"

namespace pipetrain {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }
bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

class Translator {
 public:
  explicit Translator(std::string_view expression) : expression_(expression) {}

  std::string translate() {
    while (refusal_.empty() && at_ < expression_.size()) step();
    if (refusal_.empty() && in_set_) refuse("a set of characters without an end");
    return made_;
  }
  const std::string& refusal() const { return refusal_; }

 private:
  char here(std::size_t ahead = 0) const {
    return at_ + ahead < expression_.size() ? expression_[at_ + ahead] : '\0';
  }
  bool begins(std::string_view words) const { return expression_.substr(at_).starts_with(words); }
  void refuse(const std::string& what) { refusal_ = what; }
  void take(std::size_t count = 1) {
    made_ += expression_.substr(at_, count);
    at_ += count;
  }
  void put(std::string_view words, std::size_t instead_of) {
    made_ += words;
    at_ += instead_of;
  }

  // After an interval, + repeats; in PCRE2 it would forbid to step back.
  void repeat() {
    made_.insert(atom_, "(?:");
    made_ += "})+";
    at_ += 2;
  }

  void step() {
    const bool goes_on = here() == '{' || here() == '}' || here() == '*' || here() == '+' ||
                         here() == '?' || in_interval_;
    if (here() == ')' && !groups_.empty()) {
      atom_ = groups_.back();
      groups_.pop_back();
    } else if (!in_set_ && !goes_on) {
      atom_ = made_.size();
    }
    if (here() == '(') groups_.push_back(made_.size());
    if (!in_set_) in_interval_ = here() == '{' || (in_interval_ && here() != '}');
    if (here() == '\\') return escape();
    if (in_set_) return inside_set();
    if (here() == '[') return open_set();
    if (here() == '(' && here(1) == '?') return group();
    if (begins("}+")) return repeat();
    if (begins("{,")) return refuse("'{,'");
    take();
  }

  void open_set() {
    in_set_ = true;
    take(here(1) == '^' ? 2 : 1);
    if (here() == ']') refuse("']' at the start of a set");
  }

  void inside_set() {
    if (here() == '[') return refuse("a set within a set");
    if (begins("&&")) return refuse("'&&' in a set");
    if (here() == ']') in_set_ = false;
    take();
  }

  void group() {
    for (const std::string_view known :
         {"(?:", "(?!", "(?=", "(?<!", "(?<=", "(?>", "(?i:", "(?i)"}) {
      if (begins(known)) return take(known.size());
    }
    refuse("'" + std::string(expression_.substr(at_, 4)) + "'");
  }

  void property() {
    const std::size_t end = expression_.find('}', at_);
    if (here(2) != '{' || end == std::string_view::npos) return refuse("'\\p' without a name");
    std::string_view name = expression_.substr(at_ + 3, end - at_ - 3);
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    // A script is meant as such; PCRE2 would take the characters that are used with it, too.
    made_ += std::string("\\") + here(1) + "{" + (negated ? "^" : "") +
             (name.size() > 2 ? "sc:" : "") + std::string(name) + "}";
    at_ = end + 1;
  }

  void set_of(std::string_view set, bool negated) {
    if (in_set_ && negated) return refuse("'\\" + std::string(1, here(1)) + "' in a set");
    if (in_set_) return put(set, 2);
    made_ += negated ? "[^" : "[";
    put(set, 2);
    made_ += ']';
  }

  void escape() {
    const char c = here(1);
    if (c == 's' || c == 'S') return set_of(kSpaceSet, c == 'S');
    if (c == 'w' || c == 'W') return set_of(kOnigurumaWordSet, c == 'W');
    if (c == 'd') return put("\\p{Nd}", 2);
    if (c == 'D') return put("\\P{Nd}", 2);
    if (c == 'p' || c == 'P') return property();
    if (c == 'v') return put("\\x0B", 2);
    if (c == 'u') {
      for (std::size_t i = 2; i < 6; ++i) {
        if (!is_hex(here(i))) return refuse("'\\u' without four digits");
      }
      made_ += "\\x{" + std::string(expression_.substr(at_ + 2, 4)) + "}";
      at_ += 6;
      return;
    }
    const bool same = c == 'r' || c == 'n' || c == 't' || c == 'f' || c == 'x';
    if (c == '\0' || (is_letter_or_digit(c) && !same)) {
      return refuse("'\\" + std::string(1, c) + "'");
    }
    take(2);
  }

  std::string_view expression_;
  std::size_t at_ = 0;
  bool in_set_ = false, in_interval_ = false;
  std::size_t atom_ = 0;             // in made_: where what a sign of repetition is for begins
  std::vector<std::size_t> groups_;  // in made_: where those that are open begin
  std::string made_, refusal_;
};

}  // namespace

std::string in_words_of_pcre2(std::string_view expression, std::string& refusal) {
  Translator translator(expression);
  std::string made = translator.translate();
  refusal = translator.refusal();
  return made;
}

}  // namespace pipetrain
