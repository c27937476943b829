// Batches of labelled samples: those that train, epoch after epoch in an order of its own, and
// those that validate, in order. It must not know what a sample is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/sample_split.h"
#include "data/samples.h"
#include "data/source.h"

namespace pipetrain {

class SampleSource : public Source {
 public:
  SampleSource(std::unique_ptr<Samples> samples, SampleSplit split, std::uint64_t seed);

  Shape input_shape() const override { return samples_->row(); }
  DType input_dtype() const override { return samples_->dtype(); }
  Shape target_shape() const override { return {}; }
  int vocabulary() const override { return samples_->vocabulary(); }
  int classes() const override { return samples_->classes(); }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return samples_->tokenizer(); }
  Split split() const override {
    return split_.in_order() ? Split{split_.training(), samples_->size()} : Split{};
  }
  std::int64_t training_rows() const override { return split_.training(); }
  void read_training(std::int64_t epoch, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override { return split_.validation(); }
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  void read(std::int64_t sample, const RandomWords* variation, std::int64_t row, Tensor& inputs,
            Tensor& targets) const;

  std::unique_ptr<Samples> samples_;
  SampleSplit split_;
  std::uint64_t order_key_, variation_key_;
};

}  // namespace pipetrain
