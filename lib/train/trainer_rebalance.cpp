// Ranks that become slow, and how a run is cut anew for them while it goes on: what is decided at a
// checkpoint, and what is said of it.
#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "checkpoint/checkpoint.h"
#include "setup/memory_forecast.h"
#include "setup/memory_table.h"
#include "train/summary.h"
#include "train/trainer.h"

namespace pipetrain {

void Trainer::name_slow_ranks(std::int64_t step, const StepResult& result) {
  if (!coordinates()) return;
  for (const std::string& text : slow_ranks_.add(step, result.busy_seconds)) {
    report_.clear_progress();
    spdlog::warn("{}", text);
  }
  if (!pace_.add(result.step_seconds) || step != first_step_ + SlowRanks::kSteps) return;
  if (!seconds_before_cut_) return;
  report_.clear_progress();
  spdlog::info("rebalance: since step {} a step takes {:.4g} s, before {:.4g} s", first_step_,
               pace_.median(), *seconds_before_cut_);
}

std::optional<Layout> Trainer::layout_to_go_on_with() {
  if (!rebalance_ || !why_never_recut(config_, world_, pipeline_.layout).empty()) return {};
  double seconds = pace_.median();
  collective_.broadcast(std::as_writable_bytes(std::span(&seconds, 1)), 0);
  const CutTrials::Verdict verdict = trials_.judge(seconds);
  if (verdict == CutTrials::Verdict::kLeave) return {};
  if (verdict == CutTrials::Verdict::kTakeBack) return trials_.before();
  const std::int64_t process =
      foreseen_process_bytes() - static_cast<std::int64_t>(pool_.reserved_bytes());
  return better_layout(config_, model_, pipeline_, slow_ranks_.paces(),
                       std::max<std::int64_t>(process, 0), collective_);
}

void Trainer::go_on_with(Layout layout, std::int64_t step) {
  const bool back = trials_.on_trial();
  const Partition& now = pipeline_.layout.partition;
  if (back) {
    trials_.take_back();
  } else {
    Layout before = pipeline_.layout;
    before.times = {};  // of the start, which have been told
    trials_.begin(std::move(before));
  }
  if (coordinates() && back) {
    spdlog::warn(
        "rebalance: cut back after step {}: stages begin at layers {} again, so far at {}; a step "
        "took {:.4g} s, before that cut {:.4g} s; no other cut is tried at the next {}",
        step, fmt::join(layout.partition, ", "), fmt::join(now, ", "), trials_.seconds(),
        trials_.seconds_before(),
        trials_.left_alone() == 1 ? "checkpoint"
                                  : fmt::format("{} checkpoints", trials_.left_alone()));
  } else if (coordinates()) {
    spdlog::warn(
        "rebalance: cut anew after step {}: stages begin at layers {}, so far at {}; a step took "
        "{:.4g} s; {:.4g} ms of work in place of {:.4g} ms are foreseen",
        step, fmt::join(layout.partition, ", "), fmt::join(now, ", "), trials_.seconds(),
        1e3 * predicted_seconds(layout, layout.partition), 1e3 * predicted_seconds(layout, now));
  }
  next_ = Recut{.layout = std::move(layout),
                .checkpoint = checkpoint_folder(config_.train.output + "/checkpoints", step),
                .trials = trials_};
}

// What another cut changes of the announcement.
void Trainer::announce_cut() const {
  for (const std::string& line : describe_layout(pipeline_, config_.pipeline.schedule)) {
    spdlog::info("{}", line);
  }
  for (const std::string& line : memory_table(pipeline_.layout.memory)) spdlog::info("{}", line);
}

}  // namespace pipetrain
