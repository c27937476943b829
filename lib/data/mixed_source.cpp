#include "data/mixed_source.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace pipetrain {
namespace {

// One row of the tensor, of this shape, as a tensor of one row.
Tensor row_of(Tensor& tensor, const Shape& shape, std::int64_t row) {
  const std::size_t bytes = tensor.bytes() / static_cast<std::size_t>(tensor.shape()[0]);
  auto* const start =
      static_cast<std::byte*>(tensor.data()) + static_cast<std::size_t>(row) * bytes;
  return Tensor::view(start, shape.batched(1), tensor.dtype());
}

}  // namespace

MixedSource::MixedSource(std::vector<WeightedSource> parts, std::uint64_t seed)
    : parts_(std::move(parts)), key_(random_key(seed, "data mixture")) {
  for (const WeightedSource& part : parts_) {
    weights_ += part.weight;
    if (part.source->tokenizer() == first().tokenizer()) continue;
    throw Error(ExitCode::kData, "data.mixture: " + part.source->description() +
                                     ": has another vocabulary than the first source; name one "
                                     "data.tokenizer for all");
  }
}

int MixedSource::vocabulary() const {
  int vocabulary = 0;
  for (const WeightedSource& part : parts_) {
    vocabulary = std::max(vocabulary, part.source->vocabulary());
  }
  return vocabulary;
}

std::string MixedSource::description() const {
  std::string text = std::to_string(parts_.size()) + " sources";
  for (const WeightedSource& part : parts_) {
    const auto percent = std::lround(100 * part.weight / weights_);
    text += (&part == &parts_.front() ? ": " : "; ") + std::to_string(percent) + "% " +
            part.source->description();
  }
  return text;
}

nlohmann::json MixedSource::tokenizer() const { return first().tokenizer(); }

std::shared_ptr<const Tokenizer> MixedSource::take_tokenizer() {
  std::shared_ptr<const Tokenizer> taken;  // of any part: all have the same
  for (const WeightedSource& part : parts_) taken = part.source->take_tokenizer();
  return taken;
}

const Source& MixedSource::drawn(std::int64_t pass, std::int64_t row) const {
  constexpr std::uint64_t kSteps = std::uint64_t{1} << 53;  // what a double tells apart
  const auto step =
      integer_at(key_, static_cast<std::uint64_t>(pass), static_cast<std::uint64_t>(row), kSteps);
  double place = static_cast<double>(step) / static_cast<double>(kSteps) * weights_;
  for (const WeightedSource& part : parts_) {
    if (place < part.weight) return *part.source;
    place -= part.weight;
  }
  return *parts_.back().source;
}

void MixedSource::read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                                Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    Tensor input = row_of(inputs, input_shape(), row);
    Tensor target = row_of(targets, target_shape(), row);
    drawn(pass, first_row + row).read_training(pass, first_row + row, input, target);
  }
}

std::int64_t MixedSource::validation_rows() const {
  std::int64_t rows = 0;
  for (const WeightedSource& part : parts_) rows += part.source->validation_rows();
  return rows;
}

void MixedSource::read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    Tensor input = row_of(inputs, input_shape(), row);
    Tensor target = row_of(targets, target_shape(), row);
    std::int64_t at = first_row + row;
    auto part = parts_.begin();
    for (; at >= part->source->validation_rows(); ++part) at -= part->source->validation_rows();
    part->source->read_validation(at, input, target);
  }
}

}  // namespace pipetrain
