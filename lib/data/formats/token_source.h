// Windows of a corpus, of the tokens that train and of those that validate. It must not know file
// formats. A training window begins at a place drawn for (seed, step, row), or the windows follow
// each other and each comes once an epoch; the targets are the inputs one token later.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/formats/corpus.h"
#include "data/formats/formats.h"
#include "data/formats/token_split.h"
#include "data/source.h"

namespace pipetrain {

// The places where windows may begin in ranges of tokens, `stride` tokens apart in each range.
class WindowPlaces {
 public:
  WindowPlaces(const std::vector<TokenRange>& ranges, std::int64_t length, std::int64_t stride);

  std::int64_t count() const { return count_; }
  std::int64_t token_at(std::int64_t place) const;  // where the window at this place begins

 private:
  struct Run {
    std::int64_t first_place, first_token;
  };
  std::vector<Run> runs_;
  std::int64_t stride_, count_ = 0;
};

class TokenSource : public Source {
 public:
  // `vocabulary` 0: the corpus's own, or one more than its largest token.
  TokenSource(Corpus corpus, const TokenSplit& split, const DataRequest& request);

  Shape input_shape() const override { return {length_}; }
  Shape target_shape() const override { return {length_}; }
  int vocabulary() const override { return corpus_.vocabulary(); }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return corpus_.tokenizer(); }
  std::shared_ptr<const Tokenizer> take_tokenizer() override { return corpus_.take_maker(); }
  Split split() const override {
    return in_order_ ? Split{training_tokens_, corpus_.size()} : Split{};
  }
  std::int64_t training_rows() const override { return epochs_ ? training_.count() : 0; }
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override { return validation_.count(); }
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  void require_window(const char* part, const WindowPlaces& places, std::int64_t tokens) const;
  void read_window(std::int64_t first, std::int64_t row, Tensor& inputs, Tensor& targets) const;

  Corpus corpus_;
  std::int64_t length_;  // T
  std::int64_t training_tokens_;
  bool in_order_;  // the first ones train
  bool epochs_;    // else windows are drawn
  bool separate_;  // documents do not see each other
  WindowPlaces training_, validation_;
  std::uint64_t key_, order_key_;
};

// Of a corpus whose tokens train and validate as the request says.
std::unique_ptr<Source> token_source(Corpus corpus, const DataRequest& request);

}  // namespace pipetrain
