#include "pipeline/layer_costs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "base/random.h"
#include "ops/bfloat16.h"
#include "pipeline/counted_sums.h"
#include "pipeline/loss.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

// Of a cut's measurement: the median of a few runs, so that a busy machine gives the same cut.
constexpr int kFewestRuns = 3, kMostRuns = 7;
constexpr double kEnoughSeconds = 0.05;  // of one layer; more than kFewestRuns end after that
constexpr double kMostSeconds = 4;       // of all; a layer that comes later is timed once

// Whether the data come before a layer, and the loss after it.
struct Ends {
  bool first = false, last = false;
};

// "attention (64, 128) (64, 128) (128) ...": layers of the same text cost the same.
std::string signature(const Layer& layer, Ends ends) {
  std::string text = layer.kind() + layer.input_row().text() + layer.output_row().text() +
                     (ends.first ? "data" : "") + (ends.last ? "loss" : "");
  for (const Parameter& parameter : layer.parameters()) text += parameter.shape.text();
  return text;
}

Tensor made_up(Ops& ops, const Shape& shape, DType dtype) {
  Tensor tensor(ops.pool(), shape, dtype);
  if (dtype == DType::kInt32) {
    std::memset(tensor.data(), 0, tensor.bytes());
  } else {
    Tensor values = dtype == DType::kFloat32 ? std::move(tensor) : Tensor(ops.pool(), shape);
    for (std::int64_t i = 0; i < values.elements(); ++i) {
      values.f32()[i] = static_cast<float>(i % 17 - 8) * 0.1f;
    }
    return converted(ops, std::move(values), dtype);
  }
  return tensor;
}

// A microbatch as it comes to the layer: the data are still to be converted.
Tensor made_up_input(Ops& ops, const Layer& layer, std::int64_t rows, Ends ends) {
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

// One F, I and W of a microbatch; `after` sees the seconds and is called when each is done.
template <class After>
void run_once(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench, const After& after) {
  Ops& ops = bench.ops;
  const Context context = bench.context(Mode::kTrain);
  Saved saved;
  Tensor x = made_up_input(ops, layer, rows, ends);
  Tensor targets, y;
  if (ends.last) targets = made_up(ops, {layer.output_row().batched(rows).rows()}, DType::kInt32);
  const auto timed = [&](double StageCost::* part, const auto& work) {
    ops.pool().forget_peaks();
    const auto before = ops.pool().block_counts();
    const double start = wall_seconds();
    work();
    after(part, wall_seconds() - start, before);
  };
  timed(&StageCost::forward, [&] {
    y = layer.forward(context, converted(ops, std::move(x), layer.input_dtype()), saved);
    if (!ends.last) return;
    loss_of(context, layer, y, targets, 1.0f);
    targets.reset();  // as the Engine does
  });
  timed(&StageCost::backward_input, [&] {
    // What it returns is kept until its use is counted.
    y = layer.backward_input(context, std::move(y), saved);
  });
  y.reset();
  timed(&StageCost::backward_weight, [&] { layer.backward_weight(context, saved); });
}

using BlockCounts = std::vector<MemoryPool::BlockCount>;

// What changed since `before`, when the peaks were forgotten.
MemoryUse use_since(const MemoryPool& pool, const BlockCounts& before) {
  MemoryUse use;
  for (const MemoryPool::BlockCount& now : pool.block_counts()) {
    const auto size = static_cast<std::int64_t>(now.bytes);
    const auto earlier = std::find_if(before.begin(), before.end(),
                                      [&](const auto& count) { return count.bytes == now.bytes; });
    const int used_before = earlier == before.end() ? 0 : earlier->used;
    if (now.used != used_before) use.after[size] = now.used - used_before;
    if (now.most != used_before) use.most[size] = now.most - used_before;
  }
  return use;
}

MemoryUse count_evaluation(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench) {
  Ops& ops = bench.ops;
  const Context context = bench.context(Mode::kEvaluate);
  Saved saved;
  Tensor x = made_up_input(ops, layer, rows, ends);
  Tensor targets;
  if (ends.last) targets = made_up(ops, {layer.output_row().batched(rows).rows()}, DType::kInt32);
  ops.pool().forget_peaks();
  const BlockCounts before = ops.pool().block_counts();
  Tensor y = layer.forward(context, converted(ops, std::move(x), layer.input_dtype()), saved);
  if (ends.last) {
    loss_of(context, layer, y, targets, 0.0f);
    targets.reset();
    y.reset();
  }
  return use_since(ops.pool(), before);
}

// One run that counts memory and sums; it also builds primitives. What stays in it for ever, packed
// weights, would be counted as the microbatch's: then another one counts.
LayerMeasure count_memory(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench) {
  LayerMeasure measured;
  const MemoryPool& pool = bench.ops.pool();
  const auto count = [&] {
    bench.group.take();  // what others have counted
    run_once(layer, rows, ends, bench,
             [&](double StageCost::* part, double seconds, const BlockCounts& before) {
               measured.cost.*part = seconds;
               const SumUse sums = bench.group.take();
               if (part == &StageCost::forward) {
                 measured.forward = use_since(pool, before);
                 measured.forward_sums = sums;
               } else if (part == &StageCost::backward_input) {
                 measured.backward_input = use_since(pool, before);
                 measured.backward_input_sums = sums;
               } else {
                 measured.backward_weight = use_since(pool, before);
                 measured.backward_weight_sums = sums;
               }
             });
  };
  const BlockCounts before_all = pool.block_counts();
  count();
  measured.kept = use_since(pool, before_all).after;
  if (!measured.kept.empty()) count();
  measured.evaluation = count_evaluation(layer, rows, ends, bench);
  return measured;
}

// As many as about kSteadySeconds hold, the same for all that measure together.
int steady_runs(const Layer& layer, std::int64_t rows) {
  constexpr double kSteadySeconds = 0.1, kFlopPerSecond = 5e10;
  const double seconds = 3 * layer.forward_flop() * static_cast<double>(rows) / kFlopPerSecond;
  return static_cast<int>(std::clamp(kSteadySeconds / std::max(seconds, 1e-9), 3.0, 9.0));
}

StageCost median_of(std::vector<StageCost>& runs) {
  StageCost median;
  for (double StageCost::* part :
       {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight}) {
    const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2);
    std::nth_element(runs.begin(), middle, runs.end(),
                     [&](const StageCost& a, const StageCost& b) { return a.*part < b.*part; });
    median.*part = (*middle).*part;
  }
  return median;
}

StageCost timed_run(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench) {
  StageCost cost;
  run_once(layer, rows, ends, bench,
           [&](double StageCost::* part, double seconds, const auto&) { cost.*part = seconds; });
  return cost;
}

// `until` is when measuring has taken long enough.
LayerMeasure measure(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench, double until) {
  const Borrowed memory(layer, bench.ops);
  LayerMeasure measured = count_memory(layer, rows, ends, bench);
  const double start = wall_seconds();
  std::vector<StageCost> runs;
  const auto is_enough = [&] {
    const double now = wall_seconds();
    const int count = static_cast<int>(runs.size());
    if (count == 0) return false;
    if (now > until || count == kMostRuns) return true;
    return count >= kFewestRuns && now - start > kEnoughSeconds;
  };
  while (!is_enough()) runs.push_back(timed_run(layer, rows, ends, bench));
  measured.cost = median_of(runs);
  return measured;
}

LayerMeasure profile(Layer& layer, std::int64_t rows, Ends ends, Workbench& bench) {
  const Borrowed memory(layer, bench.ops);
  LayerMeasure measured = count_memory(layer, rows, ends, bench);
  std::vector<StageCost> runs(static_cast<std::size_t>(steady_runs(layer, rows)));
  for (StageCost& run : runs) run = timed_run(layer, rows, ends, bench);
  measured.cost = median_of(runs);
  return measured;
}

// measure_one(layer, ends) for each layer, once for those of equal signature.
template <class Measure>
auto for_each_kind(const std::vector<std::unique_ptr<Layer>>& layers, const Measure& measure_one) {
  using Result = decltype(measure_one(*layers.front(), Ends{}));
  std::map<std::string, Result> known;
  std::vector<Result> results;
  for (const auto& layer : layers) {
    const Ends ends{layer == layers.front(), layer == layers.back()};
    const std::string text = signature(*layer, ends);
    auto found = known.find(text);
    if (found == known.end()) found = known.emplace(text, measure_one(*layer, ends)).first;
    results.push_back(found->second);
  }
  return results;
}

}  // namespace

std::vector<LayerMeasure> measure_layer_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                              const TensorPlace& place, std::int64_t rows,
                                              Ops& ops) {
  Workbench bench(ops, place);
  const double until = wall_seconds() + kMostSeconds;
  return for_each_kind(
      layers, [&](Layer& layer, Ends ends) { return measure(layer, rows, ends, bench, until); });
}

std::vector<LayerMeasure> count_layer_memory(const std::vector<std::unique_ptr<Layer>>& layers,
                                             const TensorPlace& place, std::int64_t rows,
                                             Ops& ops) {
  Workbench bench(ops, place);
  return for_each_kind(layers, [&](Layer& layer, Ends ends) {
    const Borrowed memory(layer, ops);
    return count_memory(layer, rows, ends, bench);
  });
}

std::vector<LayerMeasure> profile_layers(const std::vector<std::unique_ptr<Layer>>& layers,
                                         const TensorPlace& place, std::int64_t rows, Ops& ops,
                                         const std::function<void()>& together) {
  Workbench bench(ops, place);
  return for_each_kind(layers, [&](Layer& layer, Ends ends) {
    together();
    return profile(layer, rows, ends, bench);
  });
}

}  // namespace pipetrain
