#include "pipeline/measure/slice_memory.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "pipeline/loss.h"
#include "pipeline/measure/each_kind.h"
#include "pipeline/measure/layer_bench.h"

namespace pipetrain {
namespace {

using namespace layer_bench;

constexpr int kTimedRuns = 3;

// One microbatch of one layer, slice after slice.
class SlicedRun {
 public:
  SlicedRun(Layer& layer, std::int64_t rows, LayerEnds ends, const SequenceSlices& slices,
            Workbench& bench)
      : layer_(layer),
        rows_(rows),
        ends_(ends),
        slices_(slices),
        bench_(bench),
        saved_(static_cast<std::size_t>(slices.count())),
        results_(saved_.size()) {
    for (std::size_t s = 1; s < saved_.size(); ++s) saved_[s].set_earlier(&saved_[s - 1]);
  }

  std::vector<LayerMeasure> run() {
    std::vector<LayerMeasure> measured(saved_.size());
    for (std::size_t s = 0; s < saved_.size(); ++s) forward(s, measured[s]);
    for (std::size_t s = saved_.size(); s-- > 0;) backward(s, measured[s]);
    return measured;
  }

 private:
  template <class Work>
  void count(LayerMeasure& measured, const MeasuredPass& pass, const Work& work) {
    bench_.group.take();  // what others have counted
    const PoolWatch watch(bench_.ops.pool());
    const double start = wall_seconds();
    work();
    measured.cost.*pass.seconds = wall_seconds() - start;
    measured.*pass.use = watch.use();
    measured.*pass.sums = bench_.group.take();
  }

  Context context(std::size_t slice) {
    Context context = bench_.context(Mode::kTrain);
    context.first_token = slices_.first(static_cast<int>(slice));
    return context;
  }

  Shape of_slice(const Shape& row, std::size_t slice) const {
    return slices_.of(row.batched(rows_), static_cast<int>(slice));
  }

  void forward(std::size_t s, LayerMeasure& measured) {
    const Context c = context(s);
    Tensor x = made_up(bench_.ops, of_slice(layer_.input_row(), s),
                       ends_.first ? layer_.data_dtype() : layer_.input_dtype());
    Tensor targets;
    if (ends_.last) {
      targets = made_up(bench_.ops, {of_slice(layer_.output_row(), s).rows()}, DType::kInt32);
    }
    count(measured, kF, [&] {
      Tensor& y = results_[s];
      y = layer_.forward(c, converted(bench_.ops, std::move(x), layer_.input_dtype()), saved_[s]);
      if (!ends_.last) return;
      loss_of(c, layer_, y, targets, 1.0f);
      targets.reset();  // as the Engine does
    });
    measured.parts = remake_parts(layer_, c, saved_[s]);
  }

  void backward(std::size_t s, LayerMeasure& measured) {
    const Context c = context(s);
    Tensor& y = results_[s];
    // What it returns is kept until its use is counted.
    count(measured, kI, [&] { y = layer_.backward_input(c, std::move(y), saved_[s]); });
    y.reset();
    count(measured, kW, [&] { layer_.backward_weight(c, saved_[s]); });
  }

  Layer& layer_;
  std::int64_t rows_;
  LayerEnds ends_;
  const SequenceSlices& slices_;
  Workbench& bench_;
  std::vector<Saved> saved_;     // per slice
  std::vector<Tensor> results_;  // of forward
};

// The median of the runs' times, of parts the shortest, as of whole sequences.
void take_times(const std::vector<std::vector<LayerMeasure>>& runs,
                std::vector<LayerMeasure>& slices) {
  for (std::size_t s = 0; s < slices.size(); ++s) {
    for (const MeasuredPass& pass : {kF, kI, kW}) {
      std::vector<double> seconds;
      seconds.reserve(runs.size());
      for (const auto& run : runs) seconds.push_back(run[s].cost.*pass.seconds);
      const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
      std::ranges::nth_element(seconds, middle);
      slices[s].cost.*pass.seconds = *middle;
    }
    for (std::size_t part = 0; part < slices[s].parts.size(); ++part) {
      double& seconds = slices[s].parts[part].seconds;
      for (const auto& run : runs) seconds = std::min(seconds, run[s].parts[part].seconds);
    }
  }
}

// For each slice and layer. The first run also builds primitives.
std::vector<std::vector<LayerMeasure>> measure_slices(
    const std::vector<std::unique_ptr<Layer>>& layers, const TensorPlace& place, std::int64_t rows,
    const SequenceSlices& slices, Ops& ops, int timed_runs, const std::function<void()>& together) {
  Workbench bench(ops, place);
  const auto of_layers = for_each_kind(layers, [&](Layer& layer, LayerEnds ends) {
    together();
    const Borrowed memory(layer, ops);
    const auto run = [&] { return SlicedRun(layer, rows, ends, slices, bench).run(); };
    const PoolWatch whole(ops.pool());
    std::vector<LayerMeasure> measured = run();
    // What stays for ever, packed weights, would be counted as a slice's: then another run counts.
    if (!whole.use().after.empty()) measured = run();
    std::vector<std::vector<LayerMeasure>> runs;
    runs.reserve(static_cast<std::size_t>(timed_runs));
    for (int i = 0; i < timed_runs; ++i) runs.push_back(run());
    if (timed_runs > 0) take_times(runs, measured);
    return measured;
  });
  std::vector<std::vector<LayerMeasure>> of_slices(static_cast<std::size_t>(slices.count()));
  for (const auto& layer : of_layers) {
    for (std::size_t s = 0; s < of_slices.size(); ++s) of_slices[s].push_back(layer[s]);
  }
  return of_slices;
}

}  // namespace

std::vector<std::vector<LayerMeasure>> count_slice_memory(
    const std::vector<std::unique_ptr<Layer>>& layers, const TensorPlace& place, std::int64_t rows,
    const SequenceSlices& slices, Ops& ops) {
  return measure_slices(layers, place, rows, slices, ops, /*timed_runs=*/0, [] {});
}

std::vector<std::vector<LayerMeasure>> profile_slices(
    const std::vector<std::unique_ptr<Layer>>& layers, const TensorPlace& place, std::int64_t rows,
    const SequenceSlices& slices, Ops& ops, const std::function<void()>& together) {
  return measure_slices(layers, place, rows, slices, ops, kTimedRuns, together);
}

}  // namespace pipetrain
