#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/subwords/pattern.h"

#include <pcre2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/subwords/pattern_words.h"

namespace pipetrain {

struct CompiledPattern {
  pcre2_code* code = nullptr;
  bool jit = false;

  CompiledPattern() = default;
  ~CompiledPattern() { pcre2_code_free(code); }
  CompiledPattern(const CompiledPattern&) = delete;
  CompiledPattern& operator=(const CompiledPattern&) = delete;
};

struct PatternScratch {
  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack = nullptr;

  explicit PatternScratch(const CompiledPattern& pattern)
      : data(pcre2_match_data_create_from_pattern(pattern.code, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    constexpr std::uint32_t kMostSteps = 50'000'000, kMostKilobytes = 512 * 1024;
    pcre2_set_match_limit(context, kMostSteps);
    pcre2_set_heap_limit(context, kMostKilobytes);
  }
  ~PatternScratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    if (stack != nullptr) pcre2_jit_stack_free(stack);
  }
  PatternScratch(const PatternScratch&) = delete;
  PatternScratch& operator=(const PatternScratch&) = delete;

  // Whether more could be had.
  bool enlarge_stack() {
    if (stack != nullptr) return false;
    constexpr std::size_t kFirst = std::size_t{64} << 10, kMost = std::size_t{256} << 20;
    stack = pcre2_jit_stack_create(kFirst, kMost, nullptr);
    pcre2_jit_stack_assign(context, nullptr, stack);
    return stack != nullptr;
  }
};

namespace {

constexpr std::size_t kMostPatternBytes = 10'000;  // of an expression

std::shared_ptr<const CompiledPattern> compiled(const std::string& expression, bool literal,
                                                std::string& refusal) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto pattern = std::make_shared<CompiledPattern>();
  pcre2_compile_context* const context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  pattern->code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
      PCRE2_UTF | (literal ? PCRE2_LITERAL : PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C),
      &error, &offset, context);
  pcre2_compile_context_free(context);
  if (pattern->code == nullptr) {
    std::array<PCRE2_UCHAR, 200> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    refusal = reinterpret_cast<const char*>(message.data());
    return nullptr;
  }
  pattern->jit = pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0;
  return pattern;
}

// A ^ that does not begin a set is the start of a line.
bool may_look_back(std::string_view expression) {
  if (expression.find("(?<") != std::string_view::npos) return true;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    if (expression[at] == '^' && (at == 0 || expression[at - 1] != '[')) return true;
  }
  return false;
}

}  // namespace

Pattern::Pattern(const std::string& expression, const JsonPart& part)
    : looks_back_(may_look_back(expression)) {
  std::string refusal;
  if (expression.size() > kMostPatternBytes) {
    part.refuse("its pattern has more than " + std::to_string(kMostPatternBytes) + " bytes");
  }
  const std::string words = in_words_of_pcre2(expression, refusal);
  if (refusal.empty()) {
    compiled_ = compiled(words, /*literal=*/false, refusal);
  } else {
    refusal += " is not supported";
  }
  if (!refusal.empty()) part.refuse("its pattern " + expression + ": " + refusal);
}

Pattern::Pattern(const std::string& expression) : looks_back_(may_look_back(expression)) {
  std::string refusal;
  compiled_ = compiled(expression, /*literal=*/false, refusal);
}

Pattern Pattern::literal(const std::string& text) {
  Pattern pattern("");
  std::string refusal;
  pattern.compiled_ = compiled(text, /*literal=*/true, refusal);
  return pattern;
}

Pattern::Matches::Matches(const Pattern& pattern, std::string_view text, bool goes_on)
    : compiled_(*pattern.compiled_),
      text_(text),
      scratch_(std::make_unique<PatternScratch>(compiled_)),
      options_(PCRE2_NO_UTF_CHECK | (goes_on ? PCRE2_PARTIAL_HARD : 0)) {}

Pattern::Matches::~Matches() = default;

bool Pattern::Matches::next(std::size_t& begin, std::size_t& end) {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text_.data());
  while (from_ <= text_.size()) {
    const std::uint32_t options = options_ | (empty_before_ ? PCRE2_NOTEMPTY_ATSTART : 0);
    const auto match = [&](std::uint32_t more) {
      return pcre2_match(compiled_.code, subject, text_.size(), from_, options | more,
                         scratch_->data, scratch_->context);
    };
    int result = match(0);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT && scratch_->enlarge_stack()) result = match(0);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH || result == PCRE2_ERROR_PARTIAL) return false;
    if (result < 0) {
      std::array<PCRE2_UCHAR, 200> message{};
      pcre2_get_error_message(result, message.data(), message.size());
      throw Error(ExitCode::kConfiguration,
                  std::string("the tokenizer's pattern takes too long on this text: ") +
                      reinterpret_cast<const char*>(message.data()));
    }
    const PCRE2_SIZE* const found = pcre2_get_ovector_pointer(scratch_->data);
    begin = found[0];
    end = found[1];
    empty_before_ = begin == end;
    from_ = end;
    return true;
  }
  return false;
}

}  // namespace pipetrain
