// Whether a run that goes on is to be cut anew, since its ranks are no longer as fast as they were
// when it was cut. It must not know how a run is stopped and begun again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"

namespace pipetrain {

// What cutting anew has brought: speeds are only a forecast, as a rank whose core others use looks
// fast while it has little to do. So a cut is kept only if its steps turn out to be shorter. Else
// it is taken back and the cut left alone, the next time for twice as many checkpoints: a forecast
// that stays wrong costs ever less. The same on all ranks.
class CutTrials {
 public:
  enum class Verdict { kFree, kLeave, kTakeBack };

  // At a checkpoint, with the seconds of a step since the last cut, 0 while they are not known:
  // whether another cut may be looked for, none at all, or the last one is to be taken back.
  Verdict judge(double seconds);
  // After kFree: the run is cut anew; `before` is how it was cut until now.
  void begin(Layout before);
  // After kTakeBack: how the run was cut before the last cut.
  const Layout& before() const { return *before_; }
  double seconds_before() const { return seconds_before_; }
  bool on_trial() const { return before_.has_value(); }
  void take_back();
  double seconds() const { return seconds_; }  // as last judged
  // Checkpoints at which the cut is left alone from now on.
  int left_alone() const { return left_alone_; }

 private:
  std::optional<Layout> before_;  // while the last cut is on trial
  double seconds_before_ = 0, seconds_ = 0;
  int left_alone_ = 0, next_left_alone_ = 1;
};

// How a run goes on, in the same processes.
struct Recut {
  Layout layout;
  std::string checkpoint;  // that it goes on from
  CutTrials trials;
};

// Why a run of this configuration is never cut anew; empty: it may be.
std::string why_never_recut(const Config& config, const World& world, const Layout& layout);

// Of each place of the pipeline, whose slowest rank counts: what is left of its speed in `layout`
// when each rank of the grid takes `paces` times as long as it should.
std::vector<double> speeds_at(const std::vector<double>& paces, const Layout& layout,
                              const Grid& grid);

// The median of the steps' seconds, over the last so many.
class StepPace {
 public:
  explicit StepPace(std::size_t steps) : steps_(steps) {}
  // True each time that so many have been added.
  bool add(double step_seconds);
  double median() const { return median_; }  // of the last whole window; 0: there was none yet

 private:
  std::size_t steps_;
  std::vector<double> window_;
  double median_ = 0;
};

// Collective, with what rank 0 knows of the ranks' paces: a layout whose step is worth the effort,
// and for which there is room beside the `process_bytes` of each rank. Rank 0 says what it finds.
std::optional<Layout> better_layout(const Config& config, const ModelSetup& model,
                                    const PipelineRank& pipeline, const std::vector<double>& paces,
                                    std::int64_t process_bytes, Collective& world);

}  // namespace pipetrain
