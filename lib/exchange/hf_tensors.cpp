#include "exchange/hf_tensors.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "nn/models/decoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

std::int64_t row_of_theirs(const HfTensor& tensor, std::int64_t row) {
  if (tensor.head_rows == 0) return row;
  const std::int64_t D = tensor.head_rows, heads = tensor.rows / (3 * D);
  const std::int64_t part = row / (heads * D), head = row / D % heads;
  return (3 * head + part) * D + row % D;
}

// body(index in ours, index in theirs)
template <class Body>
void for_each_entry(const HfTensor& tensor, const Body& body) {
  const std::int64_t columns = tensor.columns == 0 ? 1 : tensor.columns;
  for (std::int64_t row = 0; row < tensor.rows; ++row) {
    const std::int64_t their_row = tensor.unused_rows + row_of_theirs(tensor, row);
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t own = (tensor.first_row + row) * columns + column;
      const std::int64_t theirs =
          tensor.transposed ? column * tensor.rows + row : their_row * columns + column;
      body(static_cast<std::size_t>(own), static_cast<std::size_t>(theirs));
    }
  }
}

}  // namespace

Extents HfTensor::shape() const {
  if (!other_shape.empty()) return other_shape;
  if (columns == 0) return {unused_rows + rows};
  return transposed ? Extents{columns, rows} : Extents{unused_rows + rows, columns};
}

Extents HfTensor::own_shape() const {
  if (!other_own_shape.empty()) return other_own_shape;
  return columns == 0 ? Extents{own_rows} : Extents{own_rows, columns};
}

std::vector<HfTensor> hf_tensors_of(const HfModel& given) {
  const HfFamily& family = hf_family_of(given);
  if (const auto* encoders = std::get_if<HfEncoders>(&family.models)) {
    return encoders->tensors(std::get<Encoder>(given));
  }
  const auto& decoders = std::get<HfDecoders>(family.models);
  const auto& model = std::get<Decoder>(given);
  std::vector<HfTensor> made = decoders.tensors(model);
  if (!model.tied) {
    made.push_back({decoders.head, weight_of(head_name(model)), model.vocabulary, model.width, 0,
                    model.vocabulary});
  }
  return made;
}

void copy_to_hf(const HfTensor& tensor, std::span<const float> own, std::span<float> theirs) {
  assert(static_cast<std::int64_t>(theirs.size()) == tensor.elements());
  std::ranges::fill(theirs, 0.0f);
  for_each_entry(tensor,
                 [&](std::size_t from, std::size_t to) { theirs[to] = own[from] - tensor.added; });
}

void copy_from_hf(const HfTensor& tensor, const StoredTensor& theirs, std::span<float> own) {
  assert(elements_of(theirs.shape, theirs.name) == tensor.elements());
  const std::size_t width = bytes_of(theirs.type);
  for_each_entry(tensor, [&](std::size_t to, std::size_t from) {
    own[to] = tensor.added + float_at(theirs.bytes.data() + from * width, theirs.type);
  });
}

}  // namespace pipetrain
