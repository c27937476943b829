#include "generate/sequence.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace pipetrain {

const char* name_of(SequenceEnd end) {
  switch (end) {
    case SequenceEnd::kTokens: return "tokens";
    case SequenceEnd::kEndOfText: return "end";
    case SequenceEnd::kStopText: return "stop";
  }
  return "";
}

Sequence::Sequence(const Tokenizer& tokenizer, SequenceOptions options)
    : tokenizer_(tokenizer),
      ends_(std::move(options.ends)),
      window_(options.context),
      stops_(std::move(options.stops)) {}

std::string Sequence::begin(std::string_view prompt, std::span<const std::int32_t> tokens,
                            std::int64_t count) {
  assert(!tokens.empty() && tokens_.empty());
  tokens_.assign(tokens.begin(), tokens.end());
  stream_ = tokenizer_.stream();
  count_ = count;
  ended_ = count == 0;
  return stream_->follow(prompt, tokens);
}

void Sequence::go_on(std::string_view text, std::span<const std::int32_t> tokens,
                     std::int64_t count) {
  assert(ended_);
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  stream_ = tokenizer_.stream();
  stream_->follow(text, tokens);
  stops_.begin_again();
  made_ = 0;
  count_ = count;
  ended_ = count == 0;
}

std::string Sequence::finish(SequenceEnd end) {
  ended_ = true;
  end_ = end;
  if (end == SequenceEnd::kStopText) return {};
  std::string shown = stops_.add(stream_->finish());
  return shown += stops_.finish();
}

std::string Sequence::add(std::int32_t token) {
  assert(!ended_);
  tokens_.push_back(token);
  ++made_;
  if (std::ranges::find(ends_, token) != ends_.end()) return finish(SequenceEnd::kEndOfText);
  std::string shown = stops_.add(stream_->add(token));
  if (stops_.found()) return shown += finish(SequenceEnd::kStopText);
  if (made_ == count_) shown += finish(SequenceEnd::kTokens);
  return shown;
}

}  // namespace pipetrain
