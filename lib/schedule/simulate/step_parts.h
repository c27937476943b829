// A rank's list of one step in the parts that run in one go, and what runs them one after the
// other over several steps. It must not know which part comes next: who uses it decides.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "schedule/program.h"
#include "schedule/simulate/input_times.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Receives that are posted, one compute action (R with its I, and an I with its W where they are
// joined), what is sent.
struct StepPart {
  std::size_t first = 0, end = 0;  // in the rank's list
  std::vector<Action> computes;
};
std::vector<StepPart> step_parts(const std::vector<Action>& actions);

// The clock of all ranks over several steps.
class StepClock {
 public:
  StepClock(const Program& program, const Costs& costs, int steps);

  const std::vector<StepPart>& parts(std::size_t rank) const { return parts_[rank]; }
  std::size_t rank_count() const { return parts_.size(); }
  // When the rank can begin a part of a step; InputTimes::kNever if what it needs has not run.
  double start(std::size_t rank, int step, std::size_t part) const;
  double free(std::size_t rank) const { return free_[rank]; }
  // Runs it then, or at `not_before`.
  void run(std::size_t rank, int step, std::size_t part, double not_before = 0);
  // When the step was over on all ranks; kNever until it is.
  double closed(int step) const;
  Timeline take() && { return std::move(timeline_); }

 private:
  // The same of all steps.
  Action named(int step, const Action& action) const {
    Action named = action;
    named.microbatch += step * microbatches_;
    return named;
  }
  double arrival(const Action& named) const {
    return inputs_.arrival(named.op, named.stage, slice_number(named));
  }
  int slice_number(const Action& named) const { return named.microbatch * slices_ + named.slice; }
  double seconds(const Action& action) const;

  Costs costs_;
  int microbatches_, slices_;
  std::vector<std::vector<StepPart>> parts_;
  InputTimes inputs_;
  std::vector<double> free_;
  std::vector<std::size_t> left_;  // parts, per step
  std::vector<double> ends_;       // per step
  std::vector<int> live_;
  double slices_per_rank_;  // of a microbatch on a whole rank
  Timeline timeline_;
};

}  // namespace pipetrain
