// Labelled rows made by a rule, for classifiers without files; labels are drawn evenly. It must not
// know the model that learns them.
#pragma once

#include <cstdint>
#include <string>

#include "data/formats/formats.h"
#include "data/samples.h"

namespace pipetrain {

// The rule: more than half of the T tokens leave the remainder k when divided by the K classes, and
// k is the label; the other tokens are any. A mean over embedded tokens and a linear layer learn
// it.
class SyntheticTexts : public Samples {
 public:
  SyntheticTexts(std::int64_t samples, const DataRequest& request);

  std::int64_t size() const override { return samples_; }
  Shape row() const override { return {tokens_}; }
  DType dtype() const override { return DType::kInt32; }
  int vocabulary() const override { return vocabulary_; }
  int classes() const override { return classes_; }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return {{"type", "synthetic"}}; }
  std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const override;

 private:
  std::int64_t samples_, tokens_;
  int vocabulary_, classes_;
  std::uint64_t key_;
};

// The rule: the image is stripes and even noise of the same height, and the label k is the stripes'
// direction, pi k / K; their place is drawn, their width is an eighth of the image's shorter side,
// at least 3 pixels. A convolution and a mean over the image learn it.
class SyntheticImages : public Samples {
 public:
  SyntheticImages(std::int64_t samples, Shape row, int classes, std::uint64_t seed);

  std::int64_t size() const override { return samples_; }
  Shape row() const override { return row_; }
  DType dtype() const override { return DType::kFloat32; }
  int vocabulary() const override { return 0; }
  int classes() const override { return classes_; }
  std::string description() const override;
  nlohmann::json tokenizer() const override { return {{"type", "synthetic"}}; }
  std::int32_t read(std::int64_t sample, const RandomWords* variation, void* row) const override;

 private:
  std::int64_t samples_;
  Shape row_;  // (H, W, C)
  int classes_;
  std::uint64_t key_;
};

}  // namespace pipetrain
