#include "train/rebalance.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "pipeline/simulated_partition.h"
#include "schedule/simulate/rank_speeds.h"
#include "setup/memory_forecast.h"
#include "train/summary.h"

namespace pipetrain {
namespace {

// The part of a step that another cut must save to be worth a new start.
constexpr double kWorthARecut = 0.05;
// The part that it must have saved to be kept: a forecast may be half wrong.
constexpr double kWorthKeeping = kWorthARecut / 2;

struct Foreseen {
  double now = 0, then = 0;  // seconds of a step, as it is cut and as it would be
};

// As far as simulation of the same schedule tells.
Foreseen foreseen_steps(const Layout& layout, const std::vector<double>& speeds) {
  const Partition best =
      fastest_partition(layout.layer_costs, layout.schedule, speeds, layout.piece);
  return {step_seconds(layout.layer_costs, layout.schedule, layout.partition, speeds, layout.piece),
          step_seconds(layout.layer_costs, layout.schedule, best, speeds, layout.piece)};
}

// What rank 0 has, on every rank; maybe nothing.
void share(std::vector<double>& numbers, std::size_t most, Collective& world) {
  numbers.resize(most);  // zeros are no speeds
  world.broadcast(std::as_writable_bytes(std::span(numbers)), 0);
  if (most == 0 || numbers.front() == 0) numbers.clear();
}

}  // namespace

std::string why_never_recut(const Config& config, const World& world, const Layout& layout) {
  if (layout.schedule.stage_count() == 1) return "there is one stage, so nothing to move";
  if (config.pipeline.partition != PartitionRule::kAuto) {
    return "pipeline.partition says where stages are cut; auto leaves that open";
  }
  if (layout.rounds_messages) {
    return "messages are rounded where stages are cut (communication.precision), so results would "
           "depend on a clock";
  }
  if (config.train.checkpoint_every == 0) {
    return "train.checkpoint_every is 0, and a run is cut anew at a checkpoint";
  }
  if (world.oversubscribed()) {
    return "ranks take turns on cores, so their times say nothing; " + world.cure();
  }
  return {};
}

std::vector<double> speeds_at(const std::vector<double>& paces, const Layout& layout,
                              const Grid& grid) {
  std::vector<int> places;
  for (int rank = 0; rank < grid.size(); ++rank) {
    places.push_back(grid.position_of(rank).pipeline);
  }
  std::vector<double> speeds = place_speeds(paces, places, 1);
  for (std::size_t place = 0; place < layout.speeds.size(); ++place) {
    speeds[place] *= layout.speeds[place];
  }
  return speeds;
}

bool StepPace::add(double step_seconds) {
  window_.push_back(step_seconds);
  if (window_.size() < steps_) return false;
  const auto middle = window_.begin() + static_cast<std::ptrdiff_t>(steps_ / 2);
  std::ranges::nth_element(window_, middle);
  median_ = *middle;
  window_.clear();
  return true;
}

CutTrials::Verdict CutTrials::judge(double seconds) {
  seconds_ = seconds;
  if (left_alone_ > 0) {
    --left_alone_;
    return Verdict::kLeave;
  }
  if (!before_) return Verdict::kFree;
  if (seconds == 0) return Verdict::kLeave;
  if (seconds > (1 - kWorthKeeping) * seconds_before_) return Verdict::kTakeBack;
  before_.reset();
  next_left_alone_ = 1;
  return Verdict::kFree;
}

void CutTrials::begin(Layout before) {
  before_ = std::move(before);
  seconds_before_ = seconds_;
}

void CutTrials::take_back() {
  before_.reset();
  left_alone_ = std::exchange(next_left_alone_, 2 * next_left_alone_);
}

std::optional<Layout> better_layout(const Config& config, const ModelSetup& model,
                                    const PipelineRank& pipeline, const std::vector<double>& paces,
                                    std::int64_t process_bytes, Collective& world) {
  const Layout& before = pipeline.layout;
  const Grid& grid = pipeline.map.grid();
  const bool decides = world.rank() == 0;
  std::vector<double> speeds;
  if (decides && !paces.empty()) {
    speeds = speeds_at(paces, before, grid);
    const Foreseen steps = foreseen_steps(before, speeds);
    if (steps.then > (1 - kWorthARecut) * steps.now) {
      spdlog::info(
          "rebalance: no cut is worth it at the ranks' speeds now: {:.4g} ms of work a "
          "step at best, {:.4g} ms as it is",
          1e3 * steps.then, 1e3 * steps.now);
      speeds.clear();
    }
  }
  share(speeds, static_cast<std::size_t>(grid.pipeline()), world);
  if (speeds.empty()) return std::nullopt;
  Layout layout = layout_at_speeds(config, model, before, std::move(speeds), world);
  const std::string reason =
      why_no_room(layout.memory, model.memory_limit, process_bytes, grid, world);
  if (reason.empty()) return layout;
  if (decides) spdlog::warn("rebalance: not cut anew, as there is no room: {}", reason);
  return std::nullopt;
}

}  // namespace pipetrain
