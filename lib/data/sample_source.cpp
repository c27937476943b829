#include "data/sample_source.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "data/permutation.h"

namespace pipetrain {

SampleSource::SampleSource(std::unique_ptr<Samples> samples, SampleSplit split, std::uint64_t seed)
    : samples_(std::move(samples)),
      split_(std::move(split)),
      order_key_(random_key(seed, "data order")),
      variation_key_(random_key(seed, "data variation")) {}

std::string SampleSource::description() const {
  return samples_->description() + ", " + std::to_string(classes()) + " classes, " +
         std::to_string(training_rows()) + " samples train, " + std::to_string(validation_rows()) +
         " validate";
}

void SampleSource::read_training(std::int64_t epoch, std::int64_t first_row, Tensor& inputs,
                                 Tensor& targets) const {
  assert(first_row + inputs.shape()[0] <= training_rows());
  const auto pass = static_cast<std::uint64_t>(epoch);
  const RandomWords words = philox(order_key_, pass);
  const Permutation order(training_rows(), std::uint64_t{words[0]} << 32 | words[1]);
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    const std::int64_t sample = split_.at(order.at(first_row + row));
    const RandomWords variation = philox(variation_key_, pass, static_cast<std::uint64_t>(sample));
    read(sample, &variation, row, inputs, targets);
  }
}

void SampleSource::read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    read(split_.at(training_rows() + first_row + row), nullptr, row, inputs, targets);
  }
}

void SampleSource::read(std::int64_t sample, const RandomWords* variation, std::int64_t row,
                        Tensor& inputs, Tensor& targets) const {
  assert(inputs.dtype() == input_dtype() && targets.elements() == inputs.shape()[0]);
  const std::size_t row_bytes = inputs.bytes() / static_cast<std::size_t>(inputs.shape()[0]);
  auto* const start =
      static_cast<std::byte*>(inputs.data()) + static_cast<std::size_t>(row) * row_bytes;
  targets.i32()[row] = samples_->read(sample, variation, start);
}

}  // namespace pipetrain
