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
#include "schedule/generate/generate.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/validate.h"
#include "setup/memory_forecast.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

bool is_table(const std::string& schedule) { return schedule.ends_with(".csv"); }

// A table says its own sizes; what the configuration says beside it must be the same.
Schedule read_table(const PipelineConfig& pipeline, int ranks, int rows) {
  const Schedule table = read_csv_schedule(pipeline.schedule, ranks);
  const auto same = [&](const char* what, int found, int expected) {
    if (found == expected) return;
    fail(pipeline.schedule + " is a schedule for " + std::to_string(found) + " " + what + ", but " +
         std::to_string(expected) + " are asked for; leave them out, or take another " + "table");
  };
  if (pipeline.virtual_stages > 0) {
    same("stages per rank", table.virtual_stages, pipeline.virtual_stages);
  }
  if (pipeline.microbatches > 0) same("microbatches", table.microbatches, pipeline.microbatches);
  if (table.microbatches > rows) {
    fail(pipeline.schedule + " has " + std::to_string(table.microbatches) +
         " microbatches, more than the " + std::to_string(rows) +
         " rows of a replica; raise train.batch_size");
  }
  return table;
}

// The number that was asked for, or else the largest up to `most` that the schedule takes.
Schedule generate_fitting(const PipelineConfig& pipeline, int ranks, int virtual_stages, int most) {
  const auto make = [&](int microbatches) {
    return generate(pipeline.schedule, ranks, virtual_stages, microbatches);
  };
  if (pipeline.microbatches > 0) return make(pipeline.microbatches);
  for (int microbatches = most; microbatches > 1; --microbatches) {
    try {
      return make(microbatches);
    } catch (const Error&) {
      // It takes fewer, or none at all.
    }
  }
  return make(most);  // says what would do
}

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

std::vector<StageCost> agreed_costs(const std::vector<LayerMeasure>& measured,
                                    const ModelSetup& model, Collective& world) {
  std::vector<StageCost> costs(model.layers.size());
  for (std::size_t i = 0; i < measured.size(); ++i) {
    costs[i] = measured[i].cost;
    if (model.recomputed[i]) costs[i].recompute = costs[i].forward;
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
  Chooser(const PipelineConfig& pipeline, const ModelSetup& model, Layout& layout)
      : pipeline_(pipeline),
        model_(model),
        layout_(layout),
        layers_(static_cast<int>(model.layers.size())) {}

  // The best in simulation of the cuts that are worth a try.
  void choose() {
    const int stages = model_.stage_count();
    const bool cuts = pipeline_.partition == "auto" && stages > 1;
    if (!cuts) {
      layout_.partition = pipeline_.partition == "list" ? pipeline_.first_layers
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
    if (model_.searches_schedule()) layout_.least_seconds = least_of(layout_.partition);
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
    for (const Partition& cut :
         promising_partitions(layout_.layer_costs, model_.ranks, model_.virtual_stages,
                              {Placement::kLoop, Placement::kV})) {
      if (least_of(cut) > shortest) continue;
      all.push_back({cut, search(cut)});
      seconds.push_back(step_seconds(layout_.layer_costs, all.back().schedule, cut));
      shortest = std::min(shortest, seconds.back());
    }
    Searched& best = all[first_worthwhile(seconds)];
    layout_.partition = std::move(best.partition);
    layout_.schedule = std::move(best.schedule);
  }

  Costs search_costs(const Partition& partition) const {
    Costs costs{stage_costs(layout_.layer_costs, partition), 0};
    for (StageCost& cost : costs.stages) {  // the search knows F, I and W: R comes before I
      cost.backward_input += std::exchange(cost.recompute, 0);
    }
    return costs;
  }

  double least_of(const Partition& cut) const {
    return least_makespan(model_.ranks, model_.microbatches, search_costs(cut), options());
  }

  AutoOptions options() const {
    return {.live_microbatches = static_cast<double>(pipeline_.live_microbatches)};
  }

  Schedule search(const Partition& partition) const {
    return auto_schedule(model_.ranks, model_.microbatches, search_costs(partition), options());
  }

  const PipelineConfig& pipeline_;
  const ModelSetup& model_;
  Layout& layout_;
  int layers_;
};

}  // namespace

DataShape data_shape_of(const Source& source) {
  return {.row = source.input_shape(),
          .dtype = source.input_dtype(),
          .vocabulary = source.vocabulary(),
          .classes = source.classes()};
}

ModelSetup set_up_model(const Config& config, const SetupInputs& inputs) {
  const PipelineConfig& pipeline = config.pipeline;
  const int rows = replica_rows(config);
  ModelSetup model;
  model.place = {inputs.tensor_rank, config.parallel.tensor};
  model.layers = build_layers(config.model, inputs.data, model.place, config.train.activations());
  model.recomputed = recomputed_layers(pipeline, model.layers);
  model.ranks = inputs.stage_ranks;
  model.training_rows = inputs.training_rows;
  model.evaluation_rows = inputs.evaluation_rows;
  model.memory_limit = inputs.memory_limit;
  if (pipeline.live_microbatches > 0 && pipeline.schedule != "auto") {
    fail("pipeline.live_microbatches limits the search of schedule auto; the schedule is " +
         pipeline.schedule);
  }
  if (is_table(pipeline.schedule)) {
    model.schedule = read_table(pipeline, model.ranks, rows);
    model.virtual_stages = model.schedule.virtual_stages;
  } else {
    model.virtual_stages = pipeline.virtual_stages > 0 ? pipeline.virtual_stages
                                                       : default_virtual_stages(pipeline.schedule);
    check_action_count(pipeline.schedule, model.ranks, model.virtual_stages, 1);
  }
  check_partition(pipeline, static_cast<int>(model.layers.size()), model.stage_count());
  const int most = std::min(
      inputs.usual_microbatches > 0 ? inputs.usual_microbatches : 4 * model.stage_count(), rows);
  if (!is_table(pipeline.schedule)) {
    check_action_count(pipeline.schedule, model.ranks, model.virtual_stages,
                       pipeline.microbatches > 0 ? pipeline.microbatches : most);
  }
  if (pipeline.schedule == "auto") {
    model.microbatches = pipeline.microbatches > 0 ? pipeline.microbatches : most;
    return model;
  }
  if (!is_table(pipeline.schedule)) {
    model.schedule = generate_fitting(pipeline, model.ranks, model.virtual_stages, most);
  }
  validate(model.schedule);
  model.microbatches = model.schedule.microbatches;
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
  const bool cuts = config.pipeline.partition == "auto" && model.stage_count() > 1;
  const bool timed = cuts || model.searches_schedule();
  double start = wall_seconds();
  std::vector<LayerMeasure> measured = measure_on_rank_0(config, model, world, timed);
  if (timed) layout.layer_costs = agreed_costs(measured, model, world);
  layout.measure_seconds = wall_seconds() - start;
  start = wall_seconds();
  std::string table;
  if (world.rank() == 0 || !model.searches_schedule()) {
    Chooser(config.pipeline, model, layout).choose();
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
  layout.memory.resize(static_cast<std::size_t>(model.ranks));
  if (world.rank() == 0) {
    layout.memory = forecast_memory(config, model, layout, std::move(measured));
  }
  world.broadcast(std::as_writable_bytes(std::span(layout.memory)), 0);
  return layout;
}

std::int64_t largest_message_bytes(const Config& config, const ModelSetup& model,
                                   const Partition& partition) {
  std::int64_t row_bytes = sizeof(float);
  for (std::size_t s = 1; s < partition.size(); ++s) {
    const Layer& first = *model.layers[static_cast<std::size_t>(partition[s])];
    row_bytes =
        std::max(row_bytes, first.input_row().elements() *
                                static_cast<std::int64_t>(element_bytes(first.input_dtype())));
  }
  return row_bytes * microbatch_rows(config, model);
}

double predicted_seconds(const Layout& layout, const Partition& partition) {
  return step_seconds(layout.layer_costs, layout.schedule, partition);
}

}  // namespace pipetrain
