#include "setup/plan_request.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "base/table.h"
#include "pipeline/partition.h"
#include "pipeline/vocabulary_cut.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/simulate/network.h"
#include "setup/layout.h"
#include "setup/run_setup.h"

namespace pipetrain {
namespace {

DType precision_of(const std::string& name) { return find_row(kPrecisions, name)->value; }

// A precision that is asked for must run here.
void check_precisions(const PlanAsked& asked, Config config) {
  for (const std::string& precision : asked.precisions) {
    config.train.precision = precision_of(precision);
    try {
      check_scope(config, asked.ranks);
    } catch (const Error& error) {
      throw Error(error.code(), "--precisions " + precision + ": " + error.what());
    }
  }
}

// Whether a run would share out the rows of the head, and of an embedding that it is tied to.
bool may_have_pieces(const Config& config, const LayerList& model, int ranks) {
  const bool follows = config.pipeline.delay > 0 || config.pipeline.post_validation;
  if (follows || config.communication.precision == DType::kBFloat16) return false;
  if (why_no_pieces(*model.back(), ranks)) return false;
  const bool tied = std::ranges::any_of(model.back()->parameters(), &Parameter::tied_to_earlier);
  return !tied || model.front()->embedding_piece({0, ranks}) != nullptr;
}

// What the configuration says, with as many microbatches as usual.
Candidate configured(const Config& config, const Grid& grid) {
  Candidate own;
  own.data = grid.data();
  own.tensor = grid.tensor();
  own.pipeline = grid.pipeline();
  own.shard = own.data > 1 ? config.parallel.shard : Shard::kNone;
  own.schedule = config.pipeline.schedule;
  own.recompute = config.pipeline.recompute;
  own.precision = config.train.precision;
  own.vocabulary = config.pipeline.vocabulary == VocabularyPlace::kParallel;
  own.microbatches = std::min(4 * own.pipeline, config.train.batch_size / own.data);
  return own;
}

}  // namespace

PlanRequest plan_request(const PlanAsked& asked, const Config& config, const DataShape& data,
                         const Grid& grid, std::int64_t free_bytes) {
  const LayerList model = build_layers(config.model, data, {}, config.train.precision);
  int layers = static_cast<int>(model.size());
  check_precisions(asked, config);
  if (config.pipeline.slices > 1) {
    throw Error(ExitCode::kConfiguration, "pipeline.slices: plan weighs whole sequences, found " +
                                              std::to_string(config.pipeline.slices) +
                                              " slices; set it to 1");
  }
  PlanRequest request{.ranks = asked.ranks};
  for (const std::string& precision : asked.precisions) {
    request.precisions.push_back(precision_of(precision));
  }
  request.network = network_of(asked.network, /*message_bytes=*/0, /*unit_seconds=*/1);
  if (request.network && !request.network->speeds.empty()) {
    check_speeds(request.network->speeds, asked.ranks);
  }
  request.pieces = may_have_pieces(config, model, asked.ranks);
  request.live_microbatches = config.pipeline.live_microbatches;
  request.memory_bytes =
      asked.memory.empty() ? free_bytes / asked.ranks : parse_size(asked.memory, "--memory");
  Candidate& own = request.configured = configured(config, grid);
  const ScheduleRequest wanted = schedule_request(config, own.pipeline);
  if (why_not(wanted)) return request;  // the search is for one that goes
  Schedule schedule = choose_without_costs(wanted);
  if (schedule.vocabulary && !request.pieces) return request;
  if (schedule.vocabulary) --layers;  // those that are cut
  if (schedule.microbatches > wanted.most_microbatches || schedule.slices > 1 ||
      why_no_partition(config.pipeline, layers, schedule.stage_count())) {
    return request;
  }
  request.placement = config.pipeline.placement;
  own.virtual_stages = schedule.virtual_stages();
  own.microbatches = schedule.microbatches;
  request.configured_schedule = std::move(schedule);
  return request;
}

Config planned_config(Config config, const Candidate& plan) {
  PipelineConfig& pipeline = config.pipeline;
  pipeline.schedule = plan.schedule;
  pipeline.microbatches = plan.microbatches;
  pipeline.virtual_stages = plan.virtual_stages;
  pipeline.placement = {};
  pipeline.vocabulary = plan.vocabulary ? VocabularyPlace::kParallel : VocabularyPlace::kWhole;
  pipeline.partition = PartitionRule::kAuto;
  pipeline.recompute = plan.recompute;
  if (!plan.parts.empty()) {
    pipeline.recompute = Recompute::kList;
    pipeline.recompute_layers = plan.parts;
  }
  if (plan.schedule != kSearchedSchedule) pipeline.live_microbatches = 0;
  config.parallel.data = plan.data;
  config.parallel.tensor = plan.tensor;
  config.parallel.shard = plan.shard;
  config.train.precision = plan.precision;
  return config;
}

}  // namespace pipetrain
