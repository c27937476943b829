#include "exchange/hf_tensors.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

#include "exchange/hf_files.h"
#include "nn/layers/decoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

// body(index in ours, index in theirs)
template <class Body>
void for_each_entry(const HfTensor& tensor, const Body& body) {
  const std::int64_t columns = tensor.columns == 0 ? 1 : tensor.columns;
  for (std::int64_t row = 0; row < tensor.rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t own = (tensor.first_row + row) * columns + column;
      const std::int64_t theirs =
          tensor.transposed ? column * tensor.rows + row : row * columns + column;
      body(static_cast<std::size_t>(own), static_cast<std::size_t>(theirs));
    }
  }
}

}  // namespace

Extents HfTensor::shape() const {
  if (columns == 0) return {rows};
  return transposed ? Extents{columns, rows} : Extents{rows, columns};
}

Extents HfTensor::own_shape() const {
  return columns == 0 ? Extents{own_rows} : Extents{own_rows, columns};
}

std::vector<HfTensor> hf_tensors_of(const Decoder& model) {
  std::vector<HfTensor> made = hf_family_of(model).tensors(model);
  if (!model.tied) {
    made.push_back(
        {kHfHead, weight_of(head_name(model)), model.vocabulary, model.width, 0, model.vocabulary});
  }
  return made;
}

void copy_to_hf(const HfTensor& tensor, std::span<const float> own, std::span<float> theirs) {
  assert(static_cast<std::int64_t>(theirs.size()) == tensor.elements());
  for_each_entry(tensor, [&](std::size_t from, std::size_t to) { theirs[to] = own[from]; });
}

void copy_from_hf(const HfTensor& tensor, const StoredTensor& theirs, std::span<float> own) {
  assert(elements_of(theirs.shape, theirs.name) == tensor.elements());
  const std::size_t width = bytes_of(theirs.type);
  for_each_entry(tensor, [&](std::size_t to, std::size_t from) {
    own[to] = float_at(theirs.bytes.data() + from * width, theirs.type);
  });
}

}  // namespace pipetrain
