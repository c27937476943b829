#include "setup/plan_measure.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "nn/sequence_slices.h"
#include "ops/parallel.h"
#include "optim/optimizer.h"
#include "pipeline/measure/layer_costs.h"
#include "pipeline/measure/slice_memory.h"
#include "pipeline/parameter_store.h"
#include "pipeline/partition.h"
#include "pipeline/recompute.h"
#include "pipeline/recorder.h"
#include "plan/grid_sizes.h"
#include "schedule/limits.h"
#include "schedule/simulate/network.h"
#include "setup/memory_forecast.h"
#include "setup/model_profile.h"
#include "tensor/memory.h"

namespace pipetrain {
namespace {

using Layers = std::vector<std::unique_ptr<Layer>>;

constexpr std::array kParts = {&StageCost::forward, &StageCost::backward_input,
                               &StageCost::backward_weight};

// What pipeline.recompute may be: all from `cheap` on but a list, attention where there is any, and
// what the configuration says.
std::map<Recompute, RecomputedLayers> recompute_choices(PipelineConfig pipeline,
                                                        const Layers& layers) {
  std::map<Recompute, RecomputedLayers> choices{
      {pipeline.recompute, recomputed_layers(pipeline, layers)}};
  for (const auto& choice : kRecomputes) {
    if (choice.value == Recompute::kNone || choice.value == Recompute::kList) continue;
    if (choice.value == Recompute::kAttention && !has_attention(layers)) continue;
    pipeline.recompute = choice.value;
    choices[choice.value] = recomputed_layers(pipeline, layers);
  }
  return choices;
}

// The parts of layers, by the time of one for each byte that it takes.
std::vector<PlanInputs::Part> parts_in_order(const Layers& layers,
                                             const std::vector<LayerMeasure>& measured) {
  const auto price = [&](const PlanInputs::Part& part) {
    const PartMeasure& found = measured[part.layer].parts[part.part];
    double bytes = 0;
    for (const auto& [size, count] : found.forget.after) bytes -= static_cast<double>(size * count);
    return found.seconds / bytes;
  };
  std::vector<PlanInputs::Part> parts;
  for (const NamedPart& part : parts_of(layers))
    parts.push_back({part.name, part.layer, part.part});
  std::ranges::stable_sort(parts, {}, price);
  return parts;
}

// What a model is measured as.
struct MeasuredModel {
  const Config& config;
  const DataShape& data;
  ModelForm form;
};

// profile(layers, place, ops, together) of each copy, with the means of their times.
template <class Profile>
std::vector<LayerMeasure> mean_of(const MeasuredModel& model, Crew& crew, const Profile& profile) {
  const TensorPlace place{0, model.form.tensor};
  std::vector<LayerMeasure> measured;
  const std::vector<double> seconds = crew.mean([&](const auto& together, bool first) {
    MemoryPool pool;
    Ops ops(pool);
    const Layers layers = build_layers(model.config.model, model.data, place, model.form.precision);
    std::vector<LayerMeasure> mine = profile(layers, place, ops, together);
    std::vector<double> times;
    for (const LayerMeasure& layer : mine) {
      for (const auto part : kParts) times.push_back(layer.cost.*part);
      for (const PartMeasure& part : layer.parts) times.push_back(part.seconds);
    }
    if (first) measured = std::move(mine);
    return times;
  });
  auto mean = seconds.begin();
  for (LayerMeasure& layer : measured) {
    for (const auto part : kParts) layer.cost.*part = *mean++;
    for (PartMeasure& part : layer.parts) part.seconds = *mean++;
  }
  return measured;
}

std::vector<LayerMeasure> measure_layers(const MeasuredModel& model, std::int64_t rows,
                                         Crew& crew) {
  return mean_of(model, crew,
                 [&](const auto& layers, const auto& place, Ops& ops, const auto& together) {
                   return profile_layers(layers, place, rows, ops, together);
                 });
}

// At the sizes in their order as long as they are `allowed` seconds, at two of them at least.
void measure_sizes(const MeasuredModel& model, const std::vector<std::int64_t>& sizes,
                   double allowed, Crew& crew, ModelProfile& profile) {
  const double begin = wall_seconds();
  for (const std::int64_t rows : sizes) {
    const bool enough = crew.agreed(wall_seconds() - begin) > allowed;
    if (enough && profile.measured.size() >= 2) return;
    profile.measured[rows] = measure_layers(model, rows, crew);
  }
}

// Of each slice: its layers at `rows` rows become part of its profile.
void measure_slices(const MeasuredModel& model, const SequenceSlices& slices, std::int64_t rows,
                    Crew& crew, std::vector<ModelProfile>& profiles) {
  const std::vector<LayerMeasure> all = mean_of(
      model, crew, [&](const auto& layers, const auto& place, Ops& ops, const auto& together) {
        std::vector<LayerMeasure> joined;
        for (auto& slice : profile_slices(layers, place, rows, slices, ops, together)) {
          std::ranges::move(slice, std::back_inserter(joined));
        }
        return joined;
      });
  auto next = all.begin();
  for (ModelProfile& profile : profiles) {
    const auto count = static_cast<std::ptrdiff_t>(profile.layers.size());
    profile.measured[rows] = {next, next + count};
    next += count;
  }
}

// At one size at least of those that whole sequences were measured at.
std::vector<ModelProfile> in_slices(const MeasuredModel& model, const ModelProfile& whole,
                                    const SequenceSlices& slices,
                                    const std::vector<std::int64_t>& sizes, double allowed,
                                    Crew& crew) {
  std::vector<ModelProfile> parts;
  parts.reserve(static_cast<std::size_t>(slices.count()));
  for (int s = 0; s < slices.count(); ++s) parts.push_back(slice_profile(whole, slices, s));
  const double begin = wall_seconds();
  for (const std::int64_t rows : sizes) {
    if (!whole.measured.contains(rows)) continue;
    const bool enough = crew.agreed(wall_seconds() - begin) > allowed;
    if (enough && !parts.front().measured.empty()) break;
    measure_slices(model, slices, rows, crew, parts);
  }
  return parts;
}

// Seconds per parameter of the optimizer's pass and of the gradient norm, over `elements` of them.
double measure_update(const OptimizerConfig& optimizer, std::int64_t elements, Crew& crew) {
  constexpr int kRuns = 3;  // the first touches the memory
  return crew
      .mean([&](const auto& together, bool) {
        MemoryPool pool;
        Ops ops(pool);
        Tensor values(pool, {elements}), gradients(pool, {elements});
        std::memset(values.data(), 0, values.bytes());
        std::memset(gradients.data(), 0, gradients.bytes());
        const auto update = make_optimizer(
            optimizer, {{values.f32(), gradients.f32(), {{0, elements, true}}}}, ops);
        double seconds = 0;
        for (int run = 0; run < kRuns; ++run) {
          together();
          const double start = wall_seconds();
          const std::int64_t chunks = elements / kChunkElements;
          std::vector<double> squares(static_cast<std::size_t>(chunks));
          parallel_ranges(chunks, 4, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t c = begin; c < end; ++c) {
              squares[static_cast<std::size_t>(c)] =
                  ops.simd().sum_squares(gradients.f32() + c * kChunkElements, kChunkElements);
            }
          });
          update->update(run + 1, 1e-4, 1.0);
          if (run > 0) seconds += (wall_seconds() - start) / (kRuns - 1);
        }
        return std::vector{seconds / static_cast<double>(elements)};
      })
      .front();
}

double measure_reading(const Source& source, std::int64_t rows) {
  MemoryPool pool;
  if (source.training_rows() > 0) rows = std::min(rows, source.training_rows());
  Tensor inputs(pool, source.input_shape().batched(rows), source.input_dtype());
  Tensor targets(pool, source.target_shape().batched(rows), DType::kInt32);
  source.read_training(0, 0, inputs, targets);
  const double start = wall_seconds();
  source.read_training(0, 0, inputs, targets);
  return (wall_seconds() - start) / static_cast<double>(rows);
}

ModelProfile profile_in(const ModelForm& form, const Config& config, const DataShape& data) {
  ModelProfile profile =
      model_profile(build_layers(config.model, data, {0, form.tensor}, form.precision),
                    config.communication.precision);
  profile.tensor = form.tensor;
  return profile;
}

// All that may be worth a try beside the whole layers in the configuration's precision.
std::vector<ModelForm> other_forms(const PlanRequest& request, DType precision) {
  std::vector<DType> precisions = request.precisions;
  if (std::ranges::find(precisions, precision) == precisions.end()) precisions.push_back(precision);
  std::vector<ModelForm> forms;
  for (int tensor = 1; tensor <= request.ranks; ++tensor) {
    if (request.ranks % tensor != 0) continue;
    for (const DType each : precisions) {
      if (tensor > 1 || each != precision) forms.push_back({tensor, each});
    }
  }
  return forms;
}

}  // namespace

PlanInputs measure_plan_inputs(const Config& config, const DataShape& data, const Source* source,
                               const PlanRequest& request, Crew& crew, double seconds) {
  constexpr std::int64_t kMostUpdated = 4 << 20;  // parameters: well beyond the caches
  PlanInputs inputs;
  inputs.batch_rows = config.train.batch_size;
  inputs.precision = config.train.precision;
  inputs.moments = moments_per_parameter(config.optimizer);
  inputs.versions = 1 + config.pipeline.delay;
  inputs.post_validation = config.pipeline.post_validation;
  inputs.cut = [](const std::vector<double>& costs, const Placement& placement,
                  const std::vector<double>& speeds) {
    return placement.rank_count() == 1 ? balanced_partition(costs, placement.stage_count())
                                       : rank_balanced_partition(costs, placement, speeds);
  };
  inputs.machine.process_bytes = foreseen_process_bytes();
  const double start = wall_seconds();
  const Layers layers = build_layers(config.model, data, {}, config.train.precision);
  ModelProfile& model = inputs.model = model_profile(layers, config.communication.precision);
  inputs.recomputed = recompute_choices(config.pipeline, layers);
  for (const auto& [choice, recomputed] : inputs.recomputed) {
    if (why_not_sliced(recomputed, layers).empty()) inputs.kept_for_slices.insert(choice);
  }

  const auto measure_form = [&](const ModelForm& form, ModelProfile& profile, double allowed) {
    const MeasuredModel measured{config, data, form};
    const auto sizes = microbatch_rows(
        request.configured,
        {request.ranks, form.tensor, inputs.batch_rows, static_cast<int>(profile.layers.size())});
    measure_sizes(measured, sizes, allowed, crew, profile);
    for (const int count : request.slices) {
      if (form.tensor > 1 && form.tensor != request.configured.tensor) break;
      inputs.sliced[{form, count}] = in_slices(
          measured, profile, slices_of_equal_work(layers, count), sizes, allowed / 3, crew);
    }
    return sizes.front();
  };
  const std::int64_t own_rows = measure_form({1, inputs.precision}, model, seconds);
  set_network(inputs, request, layers, own_rows, crew);
  inputs.parts = parts_in_order(layers, layers_at(model, own_rows));
  for (const ModelForm& form : other_forms(request, inputs.precision)) {
    if (why_not_built(config.model, data, form.tensor)) continue;
    ModelProfile profile = profile_in(form, config, data);
    measure_form(form, profile, seconds / 4);
    inputs.other_forms[form] = std::move(profile);
  }
  const std::int64_t elements =
      std::clamp(parameter_elements(model) / request.ranks, kChunkElements, kMostUpdated);
  inputs.machine.update_seconds_per_element = measure_update(config.optimizer, elements, crew);
  if (source != nullptr) {
    inputs.machine.read_seconds_per_row = measure_reading(*source, own_rows);
  }
  std::int64_t row_bytes = 0;  // of the largest message between two layers
  for (std::size_t i = 1; i < model.layers.size(); ++i) {
    row_bytes = std::max(row_bytes, model.layers[i].input_row_bytes);
  }
  const std::int64_t message_bytes = std::max<std::int64_t>(4, own_rows * row_bytes);
  crew.describe(inputs.machine, message_bytes);
  if (!inputs.network) inputs.network = crew.links(message_bytes);
  if (inputs.network && inputs.network->all_ranks != request.ranks) inputs.network = nullptr;
  inputs.machine.measure_seconds = wall_seconds() - start;
  return inputs;
}

}  // namespace pipetrain
