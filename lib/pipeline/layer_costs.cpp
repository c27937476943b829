#include "pipeline/layer_costs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/random.h"
#include "ops/bfloat16.h"
#include "pipeline/counted_sums.h"
#include "pipeline/each_kind.h"
#include "pipeline/loss.h"
#include "pipeline/pool_watch.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

// Of a cut's measurement: the median of a few runs, so that a busy machine gives the same cut.
constexpr std::size_t kFewestRuns = 3, kMostRuns = 7;
constexpr double kEnoughSeconds = 0.05;  // of one layer; more than kFewestRuns end after that
constexpr double kMostSeconds = 4;       // of all; a layer that comes later is timed once

Tensor made_up(Ops& ops, const Shape& shape, DType dtype) {
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
Tensor made_up_input(Ops& ops, const Layer& layer, std::int64_t rows, LayerEnds ends) {
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
struct Pass {
  double StageCost::* seconds;
  MemoryUse LayerMeasure::* use;
  SumUse LayerMeasure::* sums;
};
using M = LayerMeasure;
constexpr Pass kF = {&StageCost::forward, &M::forward, &M::forward_sums};
constexpr Pass kI = {&StageCost::backward_input, &M::backward_input, &M::backward_input_sums};
constexpr Pass kW = {&StageCost::backward_weight, &M::backward_weight, &M::backward_weight_sums};

// Forgets each part of a layer between its F and I, and makes it again.
std::vector<PartMeasure> remake_parts(const Layer& layer, const Context& context, Saved& saved) {
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

// One F, I and W of a microbatch; `after` sees the seconds and memory and is called when each is
// done. Returns what parts take that are made again.
template <class After>
std::vector<PartMeasure> run_once(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench,
                                  const After& after) {
  Ops& ops = bench.ops;
  const Context context = bench.context(Mode::kTrain);
  Saved saved;
  Tensor x = made_up_input(ops, layer, rows, ends);
  Tensor targets, y;
  if (ends.last) targets = made_up(ops, {layer.output_row().batched(rows).rows()}, DType::kInt32);
  const auto timed = [&](const Pass& pass, const auto& work) {
    const PoolWatch watch(ops.pool());
    const double start = wall_seconds();
    work();
    after(pass, wall_seconds() - start, watch);
  };
  timed(kF, [&] {
    y = layer.forward(context, converted(ops, std::move(x), layer.input_dtype()), saved);
    if (!ends.last) return;
    loss_of(context, layer, y, targets, 1.0f);
    targets.reset();  // as the Engine does
  });
  std::vector<PartMeasure> parts = remake_parts(layer, context, saved);
  timed(kI, [&] {
    // What it returns is kept until its use is counted.
    y = layer.backward_input(context, std::move(y), saved);
  });
  y.reset();
  timed(kW, [&] { layer.backward_weight(context, saved); });
  return parts;
}

MemoryUse count_evaluation(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench) {
  Ops& ops = bench.ops;
  const Context context = bench.context(Mode::kEvaluate);
  Saved saved;
  Tensor x = made_up_input(ops, layer, rows, ends);
  Tensor targets;
  if (ends.last) targets = made_up(ops, {layer.output_row().batched(rows).rows()}, DType::kInt32);
  const PoolWatch watch(ops.pool());
  Tensor y = layer.forward(context, converted(ops, std::move(x), layer.input_dtype()), saved);
  if (ends.last) {
    loss_of(context, layer, y, targets, 0.0f);
    targets.reset();
    y.reset();
  }
  return watch.use();
}

// One run that counts memory and sums; it also builds primitives. What stays in it for ever, packed
// weights, would be counted as the microbatch's: then another one counts.
LayerMeasure count_memory(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench) {
  LayerMeasure measured;
  const auto count = [&] {
    bench.group.take();  // what others have counted
    measured.parts = run_once(layer, rows, ends, bench,
                              [&](const Pass& pass, double seconds, const PoolWatch& watch) {
                                measured.cost.*pass.seconds = seconds;
                                measured.*pass.use = watch.use();
                                measured.*pass.sums = bench.group.take();
                              });
  };
  const PoolWatch whole(bench.ops.pool());
  count();
  measured.kept = whole.use().after;
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
  for (const Pass& pass : {kF, kI, kW}) {
    const auto middle = runs.begin() + static_cast<std::ptrdiff_t>(runs.size() / 2);
    std::ranges::nth_element(runs, middle, {}, pass.seconds);
    median.*pass.seconds = (*middle).*pass.seconds;
  }
  return median;
}

// Of parts, `measured` has the shortest time of all runs.
StageCost timed_run(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench,
                    LayerMeasure& measured) {
  StageCost cost;
  const auto parts = run_once(
      layer, rows, ends, bench,
      [&](const Pass& pass, double seconds, const PoolWatch&) { cost.*pass.seconds = seconds; });
  for (std::size_t part = 0; part < parts.size(); ++part) {
    measured.parts[part].seconds = std::min(measured.parts[part].seconds, parts[part].seconds);
  }
  return cost;
}

// `until` is when measuring has taken long enough.
LayerMeasure measure(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench,
                     double until) {
  const Borrowed memory(layer, bench.ops);
  LayerMeasure measured = count_memory(layer, rows, ends, bench);
  const double start = wall_seconds();
  std::vector<StageCost> runs;
  const auto goes_on = [&] {
    const double now = wall_seconds();
    if (now > until || runs.size() == kMostRuns) return false;
    return runs.size() < kFewestRuns || now - start <= kEnoughSeconds;
  };
  do runs.push_back(timed_run(layer, rows, ends, bench, measured));
  while (goes_on());
  measured.cost = median_of(runs);
  return measured;
}

LayerMeasure profile(Layer& layer, std::int64_t rows, LayerEnds ends, Workbench& bench) {
  const Borrowed memory(layer, bench.ops);
  LayerMeasure measured = count_memory(layer, rows, ends, bench);
  std::vector<StageCost> runs(static_cast<std::size_t>(steady_runs(layer, rows)));
  for (StageCost& run : runs) run = timed_run(layer, rows, ends, bench, measured);
  measured.cost = median_of(runs);
  return measured;
}

}  // namespace

std::vector<LayerMeasure> measure_layer_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                              const TensorPlace& place, std::int64_t rows,
                                              Ops& ops) {
  Workbench bench(ops, place);
  const double until = wall_seconds() + kMostSeconds;
  return for_each_kind(layers, [&](Layer& layer, LayerEnds ends) {
    return measure(layer, rows, ends, bench, until);
  });
}

double measure_layer_seconds(const std::vector<std::unique_ptr<Layer>>& layers, std::size_t layer,
                             const TensorPlace& place, std::int64_t rows, Ops& ops) {
  Workbench bench(ops, place);
  return measure(*layers[layer], rows, ends_of(layers, layer), bench, wall_seconds() + kMostSeconds)
      .cost.total();
}

std::vector<LayerMeasure> count_layer_memory(const std::vector<std::unique_ptr<Layer>>& layers,
                                             const TensorPlace& place, std::int64_t rows,
                                             Ops& ops) {
  Workbench bench(ops, place);
  return for_each_kind(layers, [&](Layer& layer, LayerEnds ends) {
    const Borrowed memory(layer, ops);
    return count_memory(layer, rows, ends, bench);
  });
}

std::vector<LayerMeasure> profile_layers(const std::vector<std::unique_ptr<Layer>>& layers,
                                         const TensorPlace& place, std::int64_t rows, Ops& ops,
                                         const std::function<void()>& together) {
  Workbench bench(ops, place);
  return for_each_kind(layers, [&](Layer& layer, LayerEnds ends) {
    together();
    return profile(layer, rows, ends, bench);
  });
}

}  // namespace pipetrain
