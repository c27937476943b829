#include "setup/layout.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "comm/grid.h"
#include "ops/ops.h"
#include "pipeline/measure/counted_costs.h"
#include "pipeline/measure/layer_costs.h"
#include "pipeline/measure/rank_seconds.h"
#include "pipeline/recorder.h"
#include "pipeline/simulated_partition.h"
#include "pipeline/vocabulary_cut.h"
#include "schedule/csv.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/rank_speeds.h"
#include "setup/memory_forecast.h"
#include "tensor/precision.h"

namespace pipetrain {
namespace {

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
    const Recomputed& again = model.recomputed[i];
    (again.whole ? costs[i].recompute : costs[i].remake) = remake_seconds(measured[i], again);
  }
  world.broadcast(std::as_writable_bytes(std::span(costs)), 0);
  return costs;
}

// Of the pipeline's places, by the costliest layer. A world that is not the model's, as where one
// process describes a run of many, has no ranks to compare.
std::vector<double> measured_speeds(const Config& config, const ModelSetup& model,
                                    const std::vector<StageCost>& costs, Collective& world) {
  const auto& parallel = config.parallel;
  if (model.copies() > 1) return {};  // a stage is on two ranks, and costs the same on both
  if (world.size() == 1 || world.size() != parallel.data * parallel.tensor * model.ranks) return {};
  const auto costliest = std::ranges::max_element(costs, {}, &StageCost::total);
  const SpeedProbe probe{.layers = model.layers,
                         .layer = static_cast<std::size_t>(costliest - costs.begin()),
                         .place = model.place,
                         .rows = microbatch_rows(config, model),
                         .rounds = model.measuring_rounds};
  const Grid grid(world.size(), parallel.data, parallel.tensor, model.ranks);
  std::vector<int> places;
  places.reserve(static_cast<std::size_t>(grid.size()));
  for (int r = 0; r < grid.size(); ++r) places.push_back(grid.position_of(r).pipeline);
  const std::vector<double> seconds = settled_seconds(measure_rank_seconds(probe, world));
  return place_speeds(seconds, places, seconds.empty() ? 0 : seconds.front());
}

// Chooses on one rank: a cut, and where it is to be searched for, the schedule.
class Chooser {
 public:
  Chooser(const Config& config, const ModelSetup& model, Layout& layout)
      : pipeline_(config.pipeline),
        model_(model),
        layout_(layout),
        layers_(model.cut_layers()),
        request_(schedule_request(config, model.ranks)) {
    request_.virtual_stages = model.schedule.virtual_stages();
    request_.microbatches = model.microbatches;
  }

  // The best in simulation of the cuts that are worth a try.
  void run() {
    layout_.schedule = model_.schedule;
    const int stages = model_.stage_count();
    const bool cuts = pipeline_.partition == PartitionRule::kAuto && stages > 1;
    if (!cuts) {
      layout_.partition = pipeline_.partition == PartitionRule::kList
                              ? pipeline_.first_layers
                              : uniform_partition(layers_, stages);
    }
    if (!model_.searches_schedule()) {
      if (cuts) {
        layout_.partition =
            fastest_partition(layout_.layer_costs, model_.schedule, layout_.speeds, layout_.piece);
      }
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
    for (const Partition& cut :
         promising_partitions(layout_.layer_costs, placements, layout_.speeds)) {
      if (!model_.searches_placement && least_of(cut, model_.schedule) > shortest) continue;
      all.push_back({cut, search(cut)});
      seconds.push_back(step_seconds(layout_.layer_costs, all.back().schedule, cut, layout_.speeds,
                                     layout_.piece));
      shortest = std::min(shortest, seconds.back());
    }
    Searched& best = all[first_worthwhile(seconds)];
    layout_.partition = std::move(best.partition);
    layout_.schedule = std::move(best.schedule);
  }

  double least_of(const Partition& cut, const Schedule& sizes) const {
    return least_makespan(model_.ranks, model_.microbatches, costs_of(layout_, cut),
                          search_options(request_, sizes));
  }

  Schedule search(const Partition& cut) const {
    return choose(request_, as_given(costs_of(layout_, cut)));
  }

  const PipelineConfig& pipeline_;
  const ModelSetup& model_;
  Layout& layout_;
  int layers_;
  ScheduleRequest request_;  // the model's sizes
};

// Collective. Cut, schedule and memory, once the layout has all that was measured.
void decide(const Config& config, const ModelSetup& model, Layout& layout, Collective& world) {
  const double start = wall_seconds();
  const bool searches = model.searches_schedule();
  if (world.rank() == 0 || !searches) Chooser(config, model, layout).run();
  if (searches) {
    const std::string mine = world.rank() == 0 ? csv_of(layout.schedule) : "";
    layout.schedule = schedule_from_csv(world.all_gather_text(mine).front(), "schedule auto");
    layout.partition.resize(static_cast<std::size_t>(model.stage_count()));
    world.broadcast(std::as_writable_bytes(std::span(layout.partition)), 0);
    layout.search_seconds = wall_seconds() - start;
  }
  assert(is_partition(layout.partition, model.cut_layers(), model.stage_count()));
  layout.times.end("cut and schedule");
  layout.memory.resize(static_cast<std::size_t>(model.ranks));
  if (world.rank() == 0) layout.memory = forecast_memory(config, model, layout, layout.measured);
  world.broadcast(std::as_writable_bytes(std::span(layout.memory)), 0);
  layout.times.end("memory forecast");
}

void take_piece(const ModelSetup& model, Layout& layout) {
  const VocabularyPlace place = model.schedule.vocabulary;
  if (!is_over_pipeline(place)) return;
  layout.piece = take_piece_cost(layout.layer_costs, model.ranks, place);
}

}  // namespace

void measure_layers(const Config& config, const ModelSetup& model, Collective& world,
                    Layout& layout) {
  layout.layer_costs =
      agreed_costs(measure_on_rank_0(config, model, world, /*timed=*/true), model, world);
  take_piece(model, layout);
}

Layout choose_layout(const Config& config, const ModelSetup& model, Collective& world,
                     const std::optional<std::vector<double>>& speeds) {
  Layout layout;
  layout.recomputed = model.recomputed;
  layout.cuts_embedding = model.cuts_embedding();
  const bool cuts = config.pipeline.partition == PartitionRule::kAuto && model.stage_count() > 1;
  const bool weighs = cuts || model.searches_schedule();
  layout.rounds_messages = model.stage_count() > 1 &&
                           config.communication.precision == DType::kBFloat16 &&
                           config.train.precision == DType::kFloat32;
  const bool timed = weighs && !layout.rounds_messages;
  const double start = wall_seconds();
  layout.measured = measure_on_rank_0(config, model, world, timed);
  if (weighs) {
    layout.layer_costs =
        timed ? agreed_costs(layout.measured, model, world)
              : counted_costs(model.layers, model.recomputed, microbatch_rows(config, model));
    take_piece(model, layout);
    if (timed) {
      layout.speeds = speeds ? *speeds : measured_speeds(config, model, layout.layer_costs, world);
    }
  }
  layout.measure_seconds = wall_seconds() - start;
  layout.times.end("layer times");
  decide(config, model, layout, world);
  return layout;
}

Layout layout_at_speeds(const Config& config, const ModelSetup& model, Layout layout,
                        std::vector<double> speeds, Collective& world) {
  layout.speeds = std::move(speeds);
  layout.times = {};
  decide(config, model, layout, world);
  return layout;
}

Costs costs_of(const Layout& layout, const Partition& partition) {
  const auto ranks = static_cast<std::size_t>(layout.schedule.placement.rank_count());
  return {stage_costs(layout.layer_costs, partition), 0, 0, network_of_speeds(layout.speeds),
          std::vector<PieceCost>(ranks, layout.piece)};
}

Costs costs_on_ranks(const Layout& layout) {
  return at_rank_speeds(costs_of(layout, layout.partition), layout.schedule.placement);
}

double predicted_seconds(const Layout& layout, const Partition& partition) {
  return step_seconds(layout.layer_costs, layout.schedule, partition, layout.speeds, layout.piece);
}

}  // namespace pipetrain
