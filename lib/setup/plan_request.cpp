#include "setup/plan_request.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "base/table.h"
#include "nn/sequence_slices.h"
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

constexpr int kUsualSlices[] = {2, 4, 8};

// Empty if a run may cut the model's sequences into so many slices.
std::string why_no_slices(const Config& config, const LayerList& model, int count) {
  if (std::string reason = why_not_sliced(model, count); !reason.empty()) return reason;
  if (config.pipeline.post_validation) {
    return "pipeline.post_validation: true is for whole microbatches";
  }
  if (config.pipeline.delay == 0) return {};
  return "pipeline.delay: 1 is for whole microbatches";
}

// Into how many slices sequences may be cut, beside whole ones.
std::vector<int> slices_to_weigh(const PlanAsked& asked, const Config& config,
                                 const LayerList& model) {
  std::set<int> counts;
  const auto require = [&](int count, const std::string& who) {
    if (count <= 1) return;
    const std::string reason = why_no_slices(config, model, count);
    if (!reason.empty()) {
      throw Error(ExitCode::kConfiguration,
                  who + std::to_string(count) + ", but " + reason + "; leave it out");
    }
    counts.insert(count);
  };
  require(config.pipeline.slices, "pipeline.slices: ");
  for (const int count : asked.slices) require(count, "--slices ");
  if (!asked.slices.empty()) return {counts.begin(), counts.end()};
  for (const int count : kUsualSlices) {
    if (!why_no_slices(config, model, count).empty()) break;
    if (model.front()->input_row()[0] % count == 0) counts.insert(count);
  }
  return {counts.begin(), counts.end()};
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
  own.vocabulary = config.pipeline.vocabulary;
  own.slices = std::max(1, config.pipeline.slices);
  own.microbatches = std::min(4 * own.pipeline, config.train.batch_size / own.data);
  return own;
}

}  // namespace

PlanRequest plan_request(const PlanAsked& asked, const Config& config, const DataShape& data,
                         const Grid& grid, std::int64_t free_bytes) {
  const LayerList model = build_layers(config.model, data, {}, config.train.precision);
  int layers = static_cast<int>(model.size());
  check_precisions(asked, config);
  PlanRequest request{.ranks = asked.ranks};
  request.slices = slices_to_weigh(asked, config, model);
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
  if (schedule.cuts_vocabulary() && !request.pieces) return request;
  if (schedule.cuts_vocabulary()) --layers;  // those that are cut
  if (schedule.slices > 1 && own.shards_parameters()) return request;
  if (schedule.microbatches > wanted.most_microbatches ||
      why_no_partition(config.pipeline, layers, schedule.stage_count())) {
    return request;
  }
  request.placement = config.pipeline.placement;
  own.virtual_stages = schedule.virtual_stages();
  own.microbatches = schedule.microbatches;
  own.slices = schedule.slices;
  request.configured_schedule = std::move(schedule);
  return request;
}

Config planned_config(Config config, const Candidate& plan) {
  PipelineConfig& pipeline = config.pipeline;
  pipeline.schedule = plan.schedule;
  pipeline.microbatches = plan.microbatches;
  pipeline.virtual_stages = plan.virtual_stages;
  pipeline.slices = plan.slices;
  pipeline.placement = {};
  pipeline.vocabulary = plan.vocabulary;
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
