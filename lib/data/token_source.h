// Windows of a corpus: the first part of the tokens trains, the last validates. It must not know
// file formats. A training window begins at a place drawn for (seed, step, row); the targets are
// the inputs one token later.
#pragma once

#include "data/corpus.h"
#include "data/source.h"

namespace pipetrain {

class TokenSource : public Source {
 public:
  // `vocabulary` 0: the corpus's own, or one more than its largest token.
  TokenSource(Corpus corpus, double validation_fraction, int sequence_length, std::uint64_t seed,
              int vocabulary);

  Shape input_shape() const override { return {length_}; }
  Shape target_shape() const override { return {length_}; }
  int vocabulary() const override { return corpus_.vocabulary(); }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return corpus_.tokenizer(); }
  void read_training(std::int64_t step, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override;
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  void require_window(const char* split, std::int64_t tokens) const;
  void read_window(std::int64_t first, std::int64_t row, Tensor& inputs, Tensor& targets) const;

  Corpus corpus_;
  std::int64_t length_;           // T
  std::int64_t training_tokens_;  // the rest validates
  std::uint64_t key_;
};

}  // namespace pipetrain
