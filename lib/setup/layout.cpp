#include "setup/layout.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "ops/ops.h"
#include "pipeline/layer_costs.h"
#include "pipeline/recompute.h"
#include "pipeline/recorder.h"
#include "pipeline/simulated_partition.h"
#include "schedule/csv.h"
#include "schedule/search/auto_schedule.h"
#include "setup/memory_forecast.h"
#include "tensor/precision.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

int replica_rows(const Config& config) { return config.train.batch_size / config.parallel.data; }

// Rank 0's own measurement; nothing on the others.
std::vector<LayerMeasure> measure_on_rank_0(const Config& config, const ModelSetup& model,
                                            Collective& world, bool timed) {
  if (world.rank() != 0) return {};
  MemoryPool scratch;
  Ops ops(scratch);
  const std::int64_t rows = microbatch_rows(config, model);
  return timed ? measure_layer_costs(model.layers, model.place, rows, ops)
               : count_layer_memory(model.layers, model.place, rows, ops);
}

// Seconds of a microbatch that follow from shapes alone, on a made-up processor: products, and for
// what has none as much as so many operations for each entry of the result. Parts of layers that
// are made again are taken to cost nothing.
std::vector<StageCost> counted_costs(const ModelSetup& model, std::int64_t rows) {
  constexpr double kFlopPerSecond = 1e11, kFlopPerEntry = 100;
  std::vector<StageCost> costs;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto& layer = model.layers[i];
    const double products = layer->forward_flop();
    const double entries = kFlopPerEntry * static_cast<double>(layer->output_row().elements());
    const double seconds = static_cast<double>(rows) * (products + entries) / kFlopPerSecond;
    costs.push_back({.forward = seconds,
                     .backward_input = seconds,
                     .backward_weight = layer->parameters().empty() ? 0 : seconds});
    if (model.recomputed[i].whole) costs.back().recompute = seconds;
  }
  return costs;
}

std::vector<StageCost> agreed_costs(const std::vector<LayerMeasure>& measured,
                                    const ModelSetup& model, Collective& world) {
  std::vector<StageCost> costs(model.layers.size());
  for (std::size_t i = 0; i < measured.size(); ++i) {
    costs[i] = measured[i].cost;
    const Recomputed& recomputed = model.recomputed[i];
    (recomputed.whole ? costs[i].recompute : costs[i].remake) =
        remake_seconds(measured[i], recomputed);
  }
  world.broadcast(std::as_writable_bytes(std::span(costs)), 0);
  return costs;
}

// What rank 0 decided, on every rank.
void broadcast_text(std::string& text, Collective& world) {
  std::size_t size = text.size();
  world.broadcast(std::as_writable_bytes(std::span(&size, 1)), 0);
  text.resize(size);
  world.broadcast(std::as_writable_bytes(std::span(text.data(), size)), 0);
}

// Chooses on one rank: a cut, and where it is to be searched for, the schedule.
class Chooser {
 public:
  Chooser(const Config& config, const ModelSetup& model, Layout& layout)
      : pipeline_(config.pipeline),
        model_(model),
        layout_(layout),
        layers_(static_cast<int>(model.layers.size())),
        request_(schedule_request(config, model.ranks)) {
    request_.virtual_stages = model.schedule.virtual_stages();
    request_.microbatches = model.microbatches;
  }

  // The best in simulation of the cuts that are worth a try.
  void run() {
    const int stages = model_.stage_count();
    const bool cuts = pipeline_.partition == PartitionRule::kAuto && stages > 1;
    if (!cuts) {
      layout_.partition = pipeline_.partition == PartitionRule::kList
                              ? pipeline_.first_layers
                              : uniform_partition(layers_, stages);
    }
    if (!model_.searches_schedule()) {
      layout_.schedule = model_.schedule;
      if (cuts) layout_.partition = fastest_partition(layout_.layer_costs, model_.schedule);
    } else if (cuts) {
      search_cuts();
    } else {
      layout_.schedule = search(layout_.partition);
    }
    if (model_.searches_schedule()) {
      layout_.least_seconds = least_of(layout_.partition, layout_.schedule);
    }
  }

 private:
  struct Searched {
    Partition partition;
    Schedule schedule;
  };

  // A schedule for each cut, but for those that cannot be worth it.
  void search_cuts() {
    std::vector<Searched> all;
    std::vector<double> seconds;
    double shortest = std::numeric_limits<double>::infinity();
    const std::vector<Placement> placements =
        placements_to_cut(pipeline_.placement, model_.ranks, model_.schedule.virtual_stages());
    for (const Partition& cut : promising_partitions(layout_.layer_costs, placements)) {
      if (!model_.searches_placement && least_of(cut, model_.schedule) > shortest) continue;
      all.push_back({cut, search(cut)});
      seconds.push_back(step_seconds(layout_.layer_costs, all.back().schedule, cut));
      shortest = std::min(shortest, seconds.back());
    }
    Searched& best = all[first_worthwhile(seconds)];
    layout_.partition = std::move(best.partition);
    layout_.schedule = std::move(best.schedule);
  }

  double least_of(const Partition& cut, const Schedule& sizes) const {
    return least_makespan(model_.ranks, model_.microbatches,
                          {stage_costs(layout_.layer_costs, cut), 0},
                          search_options(request_, sizes));
  }

  Schedule search(const Partition& cut) const {
    return choose(request_, {.stages = stage_costs(layout_.layer_costs, cut)});
  }

  const PipelineConfig& pipeline_;
  const ModelSetup& model_;
  Layout& layout_;
  int layers_;
  ScheduleRequest request_;  // the model's sizes
};

}  // namespace

DataShape data_shape_of(const Source& source) {
  return {.row = source.input_shape(),
          .dtype = source.input_dtype(),
          .vocabulary = source.vocabulary(),
          .classes = source.classes()};
}

ScheduleRequest schedule_request(const Config& config, int stage_ranks, int usual_microbatches) {
  const PipelineConfig& pipeline = config.pipeline;
  return {.name = pipeline.schedule,
          .ranks = stage_ranks,
          .microbatches = pipeline.microbatches,
          .virtual_stages = pipeline.virtual_stages,
          .most_microbatches = replica_rows(config),
          .usual_microbatches = usual_microbatches,
          .placement = pipeline.placement,
          .search = {.live_microbatches = static_cast<double>(pipeline.live_microbatches)}};
}

ModelSetup set_up_model(const Config& config, const SetupInputs& inputs) {
  const PipelineConfig& pipeline = config.pipeline;
  ModelSetup model;
  model.place = {inputs.tensor_rank, config.parallel.tensor};
  model.layers = build_layers(config.model, inputs.data, model.place, config.train.precision);
  if (pipeline.delay > 0) {
    model.other_layers =
        build_layers(config.model, inputs.data, model.place, config.train.precision);
  }
  model.recomputed = recomputed_layers(pipeline, model.layers);
  model.ranks = inputs.stage_ranks;
  model.training_rows = inputs.training_rows;
  model.evaluation_rows = inputs.evaluation_rows;
  model.memory_limit = inputs.memory_limit;
  model.schedule =
      choose_without_costs(schedule_request(config, inputs.stage_ranks, inputs.usual_microbatches));
  model.searches_placement = pipeline.placement.rule == PlacementRule::kAuto;
  model.microbatches = model.schedule.microbatches;
  if (model.microbatches > replica_rows(config)) {
    fail(pipeline.schedule + " has " + std::to_string(model.microbatches) +
         " microbatches, more than the " + std::to_string(replica_rows(config)) +
         " rows of a replica; raise train.batch_size");
  }
  if (pipeline.delay > 0 && model.microbatches < model.ranks) {
    fail("pipeline.delay: 1 has no meaning for " + std::to_string(model.microbatches) +
         " microbatches on " + std::to_string(model.ranks) +
         " ranks: a step would begin before the one two steps before it has ended; set "
         "pipeline.microbatches to at least " +
         std::to_string(model.ranks));
  }
  check_partition(pipeline, static_cast<int>(model.layers.size()), model.stage_count());
  return model;
}

std::int64_t microbatch_rows(const Config& config, const ModelSetup& model) {
  return (replica_rows(config) + model.microbatches - 1) / model.microbatches;
}

std::vector<StageCost> measure_layers(const Config& config, const ModelSetup& model,
                                      Collective& world) {
  return agreed_costs(measure_on_rank_0(config, model, world, /*timed=*/true), model, world);
}

Layout choose_layout(const Config& config, const ModelSetup& model, Collective& world) {
  Layout layout;
  layout.recomputed = model.recomputed;
  const bool cuts = config.pipeline.partition == PartitionRule::kAuto && model.stage_count() > 1;
  const bool weighs = cuts || model.searches_schedule();
  layout.rounds_messages = model.stage_count() > 1 &&
                           config.communication.precision == DType::kBFloat16 &&
                           config.train.precision == DType::kFloat32;
  const bool timed = weighs && !layout.rounds_messages;
  double start = wall_seconds();
  std::vector<LayerMeasure> measured = measure_on_rank_0(config, model, world, timed);
  if (weighs) {
    layout.layer_costs = timed ? agreed_costs(measured, model, world)
                               : counted_costs(model, microbatch_rows(config, model));
  }
  layout.measure_seconds = wall_seconds() - start;
  layout.times.end("layer times");
  start = wall_seconds();
  std::string table;
  if (world.rank() == 0 || !model.searches_schedule()) {
    Chooser(config, model, layout).run();
    if (model.searches_schedule()) table = csv_of(layout.schedule);
  }
  if (model.searches_schedule()) {
    broadcast_text(table, world);
    layout.schedule = schedule_from_csv(table, "schedule auto");
    layout.partition.resize(static_cast<std::size_t>(model.stage_count()));
    world.broadcast(std::as_writable_bytes(std::span(layout.partition)), 0);
    layout.search_seconds = wall_seconds() - start;
  }
  assert(
      is_partition(layout.partition, static_cast<int>(model.layers.size()), model.stage_count()));
  layout.times.end("cut and schedule");
  layout.memory.resize(static_cast<std::size_t>(model.ranks));
  if (world.rank() == 0) {
    layout.memory = forecast_memory(config, model, layout, std::move(measured));
  }
  world.broadcast(std::as_writable_bytes(std::span(layout.memory)), 0);
  layout.times.end("memory forecast");
  return layout;
}

std::int64_t largest_message_bytes(const Config& config, const ModelSetup& model,
                                   const Partition& partition) {
  std::int64_t row_bytes = sizeof(float);
  for (std::size_t s = 1; s < partition.size(); ++s) {
    const Layer& first = *model.layers[static_cast<std::size_t>(partition[s])];
    row_bytes = std::max(row_bytes, first.input_row().elements() *
                                        static_cast<std::int64_t>(element_bytes(message_dtype(
                                            first.input_dtype(), config.communication.precision))));
  }
  return row_bytes * microbatch_rows(config, model);
}

double predicted_seconds(const Layout& layout, const Partition& partition) {
  return step_seconds(layout.layer_costs, layout.schedule, partition);
}

}  // namespace pipetrain
