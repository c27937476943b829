#include "generate/rounded_weights.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ops/bfloat16.h"
#include "setup/weights.h"

namespace pipetrain {
namespace {

Tensor rounded(Ops& ops, const Checkpoint& checkpoint, const Parameter& parameter) {
  constexpr std::int64_t kEntriesAtOnce = 1 << 20;
  const std::int64_t rows = parameter.shape[0], width = parameter.elements() / rows;
  const std::int64_t most = std::clamp<std::int64_t>(kEntriesAtOnce / width, 1, rows);
  const Extents shape = extents_of(parameter.shape);
  Tensor matrix(ops.pool(), parameter.shape, DType::kBFloat16), values(ops.pool(), {most, width});
  for (std::int64_t row = 0; row < rows; row += most) {
    const std::int64_t count = std::min(most, rows - row);
    Extents offset(shape.size()), extent = shape;
    offset[0] = row;
    extent[0] = count;
    const auto entries = static_cast<std::size_t>(count * width);
    checkpoint.read_slice(parameter.name, shape, offset, extent, values.floats().first(entries));
    round(ops, count * width, values.f32(), matrix.bf16() + row * width);
  }
  return matrix;
}

}  // namespace

RoundedWeights::RoundedWeights(Ops& ops, const Checkpoint& checkpoint,
                               const std::vector<Layer*>& layers) {
  for (Layer* layer : layers) {
    for (Parameter& parameter : layer->parameters()) {
      if (!parameter.is_matrix) continue;
      Tensor& matrix = matrices_[parameter.name];
      if (matrix.empty()) matrix = rounded(ops, checkpoint, parameter);
      parameter.rounded = matrix.bf16();
    }
  }
}

}  // namespace pipetrain
