#include "data/token_source.h"

#include <cassert>
#include <cstring>

#include "base/error.h"
#include "base/random.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kCheckedBytes = std::int64_t{1} << 30;  // more is checked as it is read

}  // namespace

TokenSource::TokenSource(Corpus corpus, double validation_fraction, int sequence_length,
                         std::uint64_t seed, int vocabulary)
    : corpus_(std::move(corpus)),
      length_(sequence_length),
      training_tokens_(training_tokens(corpus_.size(), validation_fraction)),
      key_(random_key(seed, "data")) {
  if (vocabulary > 0) corpus_.set_vocabulary(vocabulary);
  const std::int32_t largest =
      corpus_.check(corpus_.vocabulary() == 0 ? corpus_.size() : kCheckedBytes / corpus_.width());
  if (corpus_.vocabulary() == 0) corpus_.set_vocabulary(largest + 1);
  require_window("training", training_tokens_);
  if (validation_fraction > 0) require_window("validation", corpus_.size() - training_tokens_);
}

void TokenSource::require_window(const char* split, std::int64_t tokens) const {
  if (tokens > length_) return;
  throw Error(ExitCode::kData,
              "data: " + corpus_.name() + ": the " + split + " part has " + std::to_string(tokens) +
                  " tokens, expected at least " + std::to_string(length_ + 1) +
                  " (data.sequence_length and one); give more data or a shorter sequence_length");
}

std::string TokenSource::description() const {
  return corpus_.kind() + " of " + corpus_.name() + ": vocabulary " + std::to_string(vocabulary()) +
         ", " + std::to_string(training_tokens_) + " tokens train, " +
         std::to_string(corpus_.size() - training_tokens_) + " validate";
}

void TokenSource::read_training(std::int64_t step, std::int64_t first_row, Tensor& inputs,
                                Tensor& targets) const {
  const auto places = static_cast<std::uint64_t>(training_tokens_ - length_);
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    const std::uint64_t place = integer_at(key_, static_cast<std::uint64_t>(step),
                                           static_cast<std::uint64_t>(first_row + row), places);
    read_window(static_cast<std::int64_t>(place), row, inputs, targets);
  }
}

std::int64_t TokenSource::validation_rows() const {
  const std::int64_t tokens = corpus_.size() - training_tokens_;
  return tokens > 0 ? (tokens - 1) / length_ : 0;
}

void TokenSource::read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    read_window(training_tokens_ + (first_row + row) * length_, row, inputs, targets);
  }
}

// Fills one row: tokens first.. of the corpus and the same from the next on.
void TokenSource::read_window(std::int64_t first, std::int64_t row, Tensor& inputs,
                              Tensor& targets) const {
  assert(inputs.shape()[1] == length_ && targets.shape() == inputs.shape());
  assert(first + length_ < corpus_.size());
  std::int32_t* const input = inputs.i32() + row * length_;
  std::int32_t* const target = targets.i32() + row * length_;
  corpus_.read(first + 1, {target, static_cast<std::size_t>(length_)});
  corpus_.read(first, {input, 1});
  std::memcpy(input + 1, target, static_cast<std::size_t>(length_ - 1) * sizeof *input);
}

}  // namespace pipetrain
