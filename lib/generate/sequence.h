// One text as it grows: its tokens, which of them the model has not seen, what can be shown, and
// when it ends. It must not know ranks, nor how tokens are made: every rank keeps the same one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generate/sliding_window.h"
#include "generate/stop_texts.h"
#include "text/tokenizer.h"

namespace pipetrain {

// Why a text ended: as many tokens as were asked for, a token that ends it, a text that does.
enum class SequenceEnd : std::uint8_t { kTokens, kEndOfText, kStopText };
const char* name_of(SequenceEnd end);  // "tokens", "end", "stop"

struct SequenceOptions {
  std::int64_t context = 0;        // tokens that the model sees
  std::vector<std::int32_t> ends;  // tokens that end the text, and are not shown
  std::vector<std::string> stops;  // texts that do
};

class Sequence {
 public:
  // The tokenizer must outlive it.
  Sequence(const Tokenizer& tokenizer, SequenceOptions options);

  // Begins with a text and its tokens, at least one; up to `count` may follow. Returns the text as
  // it can be shown.
  std::string begin(std::string_view prompt, std::span<const std::int32_t> tokens,
                    std::int64_t count);
  // Goes on with tokens of another text, as in a conversation.
  void go_on(std::string_view text, std::span<const std::int32_t> tokens, std::int64_t count);

  // Takes the next token. Returns what can be shown now: whole characters, nothing of a text that
  // ends this one.
  std::string add(std::int32_t token);
  bool ended() const { return ended_; }
  SequenceEnd end() const { return end_; }
  std::int64_t made() const { return made_; }  // tokens added since it began or went on
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  // Those that the model has not seen; once for each token.
  SlidingWindow::NewTokens next() { return window_.next(length()); }
  std::int64_t length() const { return static_cast<std::int64_t>(tokens_.size()); }

 private:
  std::string finish(SequenceEnd end);

  const Tokenizer& tokenizer_;
  std::vector<std::int32_t> ends_;
  SlidingWindow window_;
  StopTexts stops_;
  std::unique_ptr<TextStream> stream_;
  std::vector<std::int32_t> tokens_;
  std::int64_t made_ = 0, count_ = 0;
  bool ended_ = true;
  SequenceEnd end_ = SequenceEnd::kTokens;
};

}  // namespace pipetrain
