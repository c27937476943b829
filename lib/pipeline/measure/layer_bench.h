// What measuring one layer takes: made-up data, memory for its parameters, its three calls. It must
// not know what is measured. Only files that measure layers include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "nn/layer.h"
#include "ops/bfloat16.h"
#include "pipeline/measure/counted_sums.h"
#include "pipeline/measure/each_kind.h"
#include "pipeline/measure/pool_watch.h"
#include "pipeline/recorder.h"
#include "plan/profile.h"

namespace pipetrain::layer_bench {

inline Tensor made_up(Ops& ops, const Shape& shape, DType dtype) {
  if (dtype == DType::kInt32) {
    Tensor ids(ops.pool(), shape, dtype);
    std::memset(ids.data(), 0, ids.bytes());
    return ids;
  }
  Tensor values(ops.pool(), shape);
  for (std::int64_t i = 0; i < values.elements(); ++i) {
    values.f32()[i] = static_cast<float>(i % 17 - 8) * 0.1f;
  }
  return converted(ops, std::move(values), dtype);
}

// A microbatch as it comes to the layer: the data are still to be converted.
inline Tensor made_up_input(Ops& ops, const Layer& layer, std::int64_t rows, LayerEnds ends) {
  return made_up(ops, layer.input_row().batched(rows),
                 ends.first ? layer.data_dtype() : layer.input_dtype());
}

// Memory for the layer's parameters and buffers, for the time of the measurement.
class Borrowed {
 public:
  Borrowed(Layer& layer, Ops& ops) : layer_(layer), ops_(ops) {
    for (Parameter& parameter : layer.parameters()) {
      values_.push_back(made_up(ops, parameter.shape, DType::kFloat32));
      gradients_.push_back(made_up(ops, parameter.shape, DType::kFloat32));
      parameter.value = values_.back().f32();
      parameter.gradient = gradients_.back().f32();
    }
    for (Buffer& buffer : layer.buffers()) {
      values_.push_back(made_up(ops, buffer.shape, DType::kFloat32));
      buffer.value = buffer.next = values_.back().f32();
    }
  }
  ~Borrowed() {
    ops_.forget_weights();
    for (Parameter& parameter : layer_.parameters()) parameter.value = parameter.gradient = nullptr;
    for (Buffer& buffer : layer_.buffers()) buffer.value = buffer.next = nullptr;
  }

 private:
  Layer& layer_;
  Ops& ops_;
  std::vector<Tensor> values_, gradients_;
};

// What measuring a layer takes beside it. Of a slice, sums over the group are counted and left out.
struct Workbench {
  Ops& ops;
  CountedSums group;

  Workbench(Ops& all_ops, const TensorPlace& place) : ops(all_ops), group(place.rank, place.size) {}
  Context context(Mode mode) {
    return {.ops = ops,
            .mode = mode,
            .accumulate = true,
            .tensor_group = group.size() > 1 ? &group : nullptr};
  }
};

// One of a layer's three calls: where a measure has it.
struct MeasuredPass {
  double StageCost::* seconds;
  MemoryUse LayerMeasure::* use;
  SumUse LayerMeasure::* sums;
};
using M = LayerMeasure;
inline constexpr MeasuredPass kF = {&StageCost::forward, &M::forward, &M::forward_sums};
inline constexpr MeasuredPass kI = {&StageCost::backward_input, &M::backward_input,
                                    &M::backward_input_sums};
inline constexpr MeasuredPass kW = {&StageCost::backward_weight, &M::backward_weight,
                                    &M::backward_weight_sums};

// Forgets each part of a layer between its F and I, and makes it again.
inline std::vector<PartMeasure> remake_parts(const Layer& layer, const Context& context,
                                             Saved& saved) {
  std::vector<PartMeasure> parts(layer.remade_parts().size());
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const PoolWatch forgetting(context.ops.pool());
    layer.forget(part, saved);
    parts[part].forget = forgetting.use();
    const PoolWatch remaking(context.ops.pool());
    const double start = wall_seconds();
    layer.remake(context, part, saved);
    parts[part].seconds = wall_seconds() - start;
    parts[part].remake = remaking.use();
  }
  return parts;
}

}  // namespace pipetrain::layer_bench
