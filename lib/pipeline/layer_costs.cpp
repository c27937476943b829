#include "pipeline/layer_costs.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "base/random.h"
#include "ops/cross_entropy.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

constexpr int kRuns = 3;                 // the fastest counts; the first also builds primitives
constexpr double kEnoughSeconds = 0.02;  // a layer this slow is timed once

// "attention (64, 128) (64, 128) (128) ...": layers of the same text cost the same.
std::string signature(const Layer& layer, bool last) {
  std::string text = layer.name().substr(layer.name().rfind('.') + 1) + layer.input_row().text() +
                     layer.output_row().text() + (last ? "loss" : "");
  for (const Parameter& parameter : layer.parameters()) text += parameter.shape.text();
  return text;
}

Tensor made_up(Ops& ops, const Shape& shape, DType dtype) {
  Tensor tensor(ops.pool(), shape, dtype);
  if (dtype == DType::kInt32) {
    std::memset(tensor.data(), 0, tensor.bytes());
  } else {
    for (std::int64_t i = 0; i < tensor.elements(); ++i) {
      tensor.f32()[i] = static_cast<float>(i % 17 - 8) * 0.1f;
    }
  }
  return tensor;
}

// Memory for the layer's parameters, for the time of the measurement.
class Borrowed {
 public:
  Borrowed(Layer& layer, Ops& ops) : layer_(layer) {
    for (Parameter& parameter : layer.parameters()) {
      values_.push_back(made_up(ops, parameter.shape, DType::kFloat32));
      gradients_.push_back(made_up(ops, parameter.shape, DType::kFloat32));
      parameter.value = values_.back().f32();
      parameter.gradient = gradients_.back().f32();
    }
  }
  ~Borrowed() {
    for (Parameter& parameter : layer_.parameters()) parameter.value = parameter.gradient = nullptr;
  }

 private:
  Layer& layer_;
  std::vector<Tensor> values_, gradients_;
};

StageCost measure(Layer& layer, std::int64_t rows, bool last, Ops& ops) {
  const Borrowed memory(layer, ops);
  const Context context{.ops = ops, .accumulate = true};
  constexpr double kNever = std::numeric_limits<double>::infinity();
  StageCost best{kNever, kNever, kNever};
  for (int run = 0; run < kRuns; ++run) {
    Saved saved;
    Tensor x = made_up(ops, layer.input_row().batched(rows), layer.input_dtype());
    double start = wall_seconds();
    Tensor y = layer.forward(context, std::move(x), saved);
    if (last) {
      const Tensor targets = made_up(ops, {y.shape().rows()}, DType::kInt32);
      cross_entropy(ops, y.shape().rows(), y.shape().back(), y.f32(), targets.i32(), 1.0f);
    }
    const double forward = wall_seconds() - start;
    start = wall_seconds();
    layer.backward_input(context, std::move(y), saved);
    const double input = wall_seconds() - start;
    start = wall_seconds();
    layer.backward_weight(context, saved);
    const double weight = wall_seconds() - start;
    best = {std::min(best.forward, forward), std::min(best.backward_input, input),
            std::min(best.backward_weight, weight)};
    if (run > 0 && forward + input + weight > kEnoughSeconds) break;
  }
  return best;
}

}  // namespace

std::vector<StageCost> measure_layer_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                           std::int64_t rows, Ops& ops) {
  std::map<std::string, StageCost> known;
  std::vector<StageCost> costs;
  for (const auto& layer : layers) {
    const bool last = layer == layers.back();
    const std::string text = signature(*layer, last);
    auto found = known.find(text);
    if (found == known.end()) found = known.emplace(text, measure(*layer, rows, last, ops)).first;
    costs.push_back(found->second);
  }
  return costs;
}

}  // namespace pipetrain
