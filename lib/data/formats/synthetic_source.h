// Tokens made by a rule, for runs without files. It must not know the model that learns them.
// The rule: after token x comes (a x + 1) mod V, where a is the smallest prime above 2 that does
// not divide V, or, one time in sixteen, any token. A sequence begins with any token. A table of
// the successors learns it; the best loss possible is -(p log p + (V-1) q log q) with q = 1/(16 V)
// and p = 15/16 + q.
#pragma once

#include <cstdint>
#include <string>

#include "data/source.h"

namespace pipetrain {

struct SyntheticTokens {
  int sequence_length = 0, vocabulary = 0;
  std::uint64_t seed = 0;
  bool validate = true;
};

class SyntheticSource : public Source {
 public:
  static constexpr std::int64_t kValidationRows = 128;  // of labelled rows, too

  explicit SyntheticSource(const SyntheticTokens& tokens);

  Shape input_shape() const override { return {length_}; }
  Shape target_shape() const override { return {length_}; }
  int vocabulary() const override { return static_cast<int>(vocabulary_); }
  std::string description() const override;
  nlohmann::json tokenizer() const override;
  void read_training(std::int64_t step, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override { return validate_ ? kValidationRows : 0; }
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  void write_row(std::uint64_t key, std::int64_t row, Tensor& inputs, Tensor& targets) const;

  std::int64_t length_;       // T
  std::uint64_t vocabulary_;  // V
  std::uint64_t factor_;      // a
  bool validate_;
  std::uint64_t training_key_, validation_key_;
};

}  // namespace pipetrain
