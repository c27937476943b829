#include "pipeline/measure/layer_costs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ops/bfloat16.h"
#include "pipeline/loss.h"
#include "pipeline/measure/each_kind.h"
#include "pipeline/measure/layer_bench.h"
#include "pipeline/measure/pool_watch.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

using namespace layer_bench;

// Of a cut's measurement: the median of a few runs, so that a busy machine gives the same cut.
constexpr std::size_t kFewestRuns = 3, kMostRuns = 7;
constexpr double kEnoughSeconds = 0.05;  // of one layer; more than kFewestRuns end after that
constexpr double kMostSeconds = 4;       // of all; a layer that comes later is timed once

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
  const auto timed = [&](const MeasuredPass& pass, const auto& work) {
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
    measured.parts =
        run_once(layer, rows, ends, bench,
                 [&](const MeasuredPass& pass, double seconds, const PoolWatch& watch) {
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
  for (const MeasuredPass& pass : {kF, kI, kW}) {
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
  const auto parts = run_once(layer, rows, ends, bench,
                              [&](const MeasuredPass& pass, double seconds, const PoolWatch&) {
                                cost.*pass.seconds = seconds;
                              });
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
