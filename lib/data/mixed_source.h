// Rows of several sources: each training row comes from one that is drawn for (seed, pass, row) by
// the sources' weights; what validates of all follows each other. It must not know formats.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/source.h"

namespace pipetrain {

struct WeightedSource {
  std::unique_ptr<Source> source;
  double weight = 1;  // above 0
};

class MixedSource : public Source {
 public:
  // Error(kData) unless all have rows of the same kind and the same tokenizer.
  MixedSource(std::vector<WeightedSource> parts, std::uint64_t seed);

  Shape input_shape() const override { return first().input_shape(); }
  DType input_dtype() const override { return first().input_dtype(); }
  Shape target_shape() const override { return first().target_shape(); }
  int vocabulary() const override;
  std::string description() const override;
  nlohmann::json tokenizer() const override;
  std::shared_ptr<const Tokenizer> take_tokenizer() override;
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;
  std::int64_t validation_rows() const override;
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override;

 private:
  const Source& first() const { return *parts_.front().source; }
  const Source& drawn(std::int64_t pass, std::int64_t row) const;

  std::vector<WeightedSource> parts_;
  double weights_ = 0;  // their sum
  std::uint64_t key_;
};

}  // namespace pipetrain
