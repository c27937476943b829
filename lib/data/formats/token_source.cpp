#include "data/formats/token_source.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "data/permutation.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kCheckedBytes = std::int64_t{1} << 30;  // more is checked as it is read

// Tokens of an unknown kind have a vocabulary that a model can have.
constexpr std::int32_t kMostVocabulary = 1 << 24;

}  // namespace

WindowPlaces::WindowPlaces(const std::vector<TokenRange>& ranges, std::int64_t length,
                           std::int64_t stride)
    : stride_(stride) {
  for (const TokenRange& range : ranges) {
    if (range.count <= length) continue;  // a window and the token behind it
    runs_.push_back({count_, range.first});
    count_ += (range.count - length - 1) / stride + 1;
  }
}

std::int64_t WindowPlaces::token_at(std::int64_t place) const {
  const auto run = std::ranges::upper_bound(runs_, place, {}, &Run::first_place) - 1;
  return run->first_token + (place - run->first_place) * stride_;
}

TokenSource::TokenSource(Corpus corpus, const TokenSplit& split, const DataRequest& request)
    : corpus_(std::move(corpus)),
      length_(request.sequence_length),
      training_tokens_(tokens_of(split.training)),
      in_order_(split.training == std::vector<TokenRange>{{0, training_tokens_}}),
      epochs_(request.config.windows == Windows::kEpochs),
      separate_(request.config.separate()),
      training_(split.training, length_, epochs_ ? length_ : 1),
      validation_(split.validation, length_, length_),
      key_(random_key(request.seed, "data")),
      order_key_(random_key(request.seed, "data order")) {
  if (request.vocabulary > 0) corpus_.set_vocabulary(request.vocabulary);
  const std::int32_t largest =
      corpus_.checked()
          ? 0
          : corpus_.check(corpus_.vocabulary() == 0 ? corpus_.size()
                                                    : kCheckedBytes / corpus_.width());
  if (corpus_.vocabulary() == 0) {
    if (largest >= kMostVocabulary) {
      throw Error(ExitCode::kData, "data: " + corpus_.name() + ": the largest token is " +
                                       std::to_string(largest) + ", expected less than " +
                                       std::to_string(kMostVocabulary) +
                                       "; is data.token_type what the files have?");
    }
    corpus_.set_vocabulary(largest + 1);
  }
  if (separate_ && !corpus_.has_documents()) {
    throw Error(ExitCode::kData, "data: " + corpus_.name() +
                                     ": does not say where documents begin, which data.documents "
                                     "separate needs; make tokens with pipetrain tokenize");
  }
  require_window("training", training_, training_tokens_);
  if (!split.validation.empty()) {
    require_window("validation", validation_, corpus_.size() - training_tokens_);
  }
}

void TokenSource::require_window(const char* part, const WindowPlaces& places,
                                 std::int64_t tokens) const {
  if (places.count() > 0) return;
  throw Error(ExitCode::kData,
              "data: " + corpus_.name() + ": the " + part + " part has " + std::to_string(tokens) +
                  " tokens, expected at least " + std::to_string(length_ + 1) +
                  " (data.sequence_length and one); give more data or a shorter sequence_length");
}

std::string TokenSource::description() const {
  return corpus_.kind() + " of " + corpus_.name() + ": vocabulary " + std::to_string(vocabulary()) +
         ", " + std::to_string(training_tokens_) + " tokens train, " +
         std::to_string(corpus_.size() - training_tokens_) + " validate";
}

void TokenSource::read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                                Tensor& targets) const {
  if (epochs_) {
    const RandomWords words = philox(order_key_, static_cast<std::uint64_t>(pass));
    const Permutation order(training_.count(), std::uint64_t{words[0]} << 32 | words[1]);
    for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
      read_window(training_.token_at(order.at(first_row + row)), row, inputs, targets);
    }
    return;
  }
  const auto places = static_cast<std::uint64_t>(training_.count());
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    const std::uint64_t place = integer_at(key_, static_cast<std::uint64_t>(pass),
                                           static_cast<std::uint64_t>(first_row + row), places);
    read_window(training_.token_at(static_cast<std::int64_t>(place)), row, inputs, targets);
  }
}

void TokenSource::read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    read_window(validation_.token_at(first_row + row), row, inputs, targets);
  }
}

// Fills one row: tokens first.. of the corpus and the same from the next on.
void TokenSource::read_window(std::int64_t first, std::int64_t row, Tensor& inputs,
                              Tensor& targets) const {
  assert(inputs.shape()[1] == length_ && targets.shape() == inputs.shape());
  assert(first + length_ < corpus_.size());
  std::int32_t* const input = inputs.i32() + row * length_;
  std::int32_t* const target = targets.i32() + row * length_;
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(length_) + 1);  // one read for both
  corpus_.read(first, tokens);
  std::copy_n(tokens.begin(), length_, input);
  std::copy_n(tokens.begin() + 1, length_, target);
  if (!separate_) return;
  for (const std::int64_t start : corpus_.document_starts(first + 1, length_)) {
    target[start - first - 1] = kEndsDocument;
  }
}

std::unique_ptr<Source> token_source(Corpus corpus, const DataRequest& request) {
  const TokenSplit split = split_tokens(request.config, corpus.size(), corpus.of_path(),
                                        request.sequence_length, request.seed);
  return std::make_unique<TokenSource>(std::move(corpus), split, request);
}

}  // namespace pipetrain
