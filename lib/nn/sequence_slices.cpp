#include "nn/sequence_slices.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace pipetrain {
namespace {

std::int64_t tokens_of(const LayerList& layers) { return layers.front()->input_row()[0]; }

double work_of_first(const LayerList& layers, std::int64_t tokens) {
  double work = static_cast<double>(tokens);  // so that no slice is empty where nothing is counted
  for (const auto& layer : layers) work += layer->forward_flop_of_first(tokens);
  return work;
}

}  // namespace

Shape SequenceSlices::of(const Shape& rows, int slice) const {
  if (!cut()) return rows;
  Shape part;
  for (int axis = 0; axis < rows.rank(); ++axis)
    part.append(axis == 1 ? tokens(slice) : rows[axis]);
  return part;
}

SequenceSlices slices_of_equal_work(const LayerList& layers, int count) {
  if (count == 1) return {};
  const std::int64_t all = tokens_of(layers);
  const double whole = work_of_first(layers, all);
  std::vector<std::int64_t> bounds{0};
  for (int slice = 1; slice < count; ++slice) {
    // The first end at which the share is reached, with tokens left for the slices behind.
    std::int64_t low = bounds.back() + 1, high = all - (count - slice);
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (work_of_first(layers, middle) * count < whole * slice) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    bounds.push_back(low);
  }
  bounds.push_back(all);
  return SequenceSlices(std::move(bounds));
}

std::string why_not_sliced(const LayerList& layers, int count) {
  for (const auto& layer : layers) {
    if (layer->reach() != Reach::kRow) continue;
    return layer->name() + " lets tokens of a sequence follow from later ones (it is not causal)";
  }
  const Shape row = layers.front()->input_row();
  if (layers.front()->input_dtype() != DType::kInt32 || row.rank() != 1) {
    return layers.front()->name() + ", the first layer, takes no sequences of tokens";
  }
  if (layers.back()->output_row().rank() != 2 || layers.back()->output_row()[0] != row[0]) {
    return layers.back()->name() + ", the last layer, gives no result for each token";
  }
  if (count <= row[0]) return {};
  return "sequences of " + std::to_string(row[0]) + " tokens are shorter than that";
}

Tensor tokens_of_rows(MemoryPool& pool, const Tensor& whole, std::int64_t first,
                      std::int64_t count) {
  const std::int64_t rows = whole.shape()[0], tokens = whole.shape()[1];
  assert(whole.shape().rank() == 2 && element_bytes(whole.dtype()) == 4);
  Tensor part(pool, {rows, count}, whole.dtype());
  for (std::int64_t row = 0; row < rows; ++row) {
    std::memcpy(part.i32() + row * count, whole.i32() + row * tokens + first,
                static_cast<std::size_t>(count) * sizeof(std::int32_t));
  }
  return part;
}

}  // namespace pipetrain
