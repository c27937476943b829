// Orders of work for all ranks in the search for a schedule: which of its stages' F, I or W a rank
// runs next. Microbatches come in ascending order and need no names. Only auto_schedule.cpp and its
// search use this.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/input_times.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain::search {

// F, I or W of the rank's lap-th stage: op * v + lap. As wide as v itself: a rank may have any
// number of stages.
using Step = int;
using Orders = std::vector<std::vector<Step>>;

enum StepOp { kF = 0, kI = 1, kW = 2 };
constexpr std::array<Op, 3> kOps{Op::kForward, Op::kBackwardInput, Op::kBackwardWeight};

// Whether a rank may keep one microbatch on all its stages, where no rank may keep more than
// `live_microbatches` shares of a rank with as many stages as the others.
bool has_room(const Placement& placement, double live_microbatches);
std::optional<std::string> why_no_room(const Placement& placement, double live_microbatches);

struct Problem {
  Problem(Placement placement_of_stages, int microbatch_count, const Costs& costs,
          double live_microbatches);

  Placement placement;
  int ranks, microbatches, stages;
  int virtual_stages;  // of the rank that has most
  double message;      // the longest that a message takes
  MessageWays ways;    // without queues: the search does not follow ranks in order of time
  std::vector<StageCost> stage_costs;
  std::vector<std::vector<int>> stages_of_rank;  // [rank][lap]
  std::vector<int> rank_of_stage;
  int laps(int rank) const { return static_cast<int>(stages_of_rank[index(rank)].size()); }
  int actions() const { return 3 * stages * microbatches; }  // F, I and W
  int live_limit;  // of a rank, in microbatches of one stage; at most all of them

  int op(Step step) const { return step / virtual_stages; }
  int lap(Step step) const { return step % virtual_stages; }
  Step step(int op, int lap) const { return op * virtual_stages + lap; }
  double duration(int rank, Step step) const {
    return stage_duration(op(step), stages_of_rank[index(rank)][index(lap(step))]);
  }
  double stage_duration(int op, int stage) const {
    const StageCost& cost = stage_costs[index(stage)];
    if (op == kF) return cost.forward;
    return op == kI ? cost.backward_input : cost.backward_weight;
  }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
};

Orders orders_of(const Schedule& schedule);  // of I and W, ascending; a B is I then W
Schedule schedule_of(const Problem& problem, const Orders& orders);

Orders one_at_a_time(
    const Problem& problem);  // each microbatch forward and back before the next: least memory

// Below what no order can come.
double least_makespan(const Problem& problem);

// When everything runs under given orders. Reusable: evaluating allocates nothing.
class OrderCost {
 public:
  explicit OrderCost(const Problem& problem);

  // The makespan; infinite if the orders deadlock.
  double run(const Orders& orders);
  double mean_end() const;  // over the ranks, of the last run

  // (rank, position) of actions on one longest chain of the last run: none can be late without the
  // whole being late.
  struct Place {
    int rank, position;
  };
  const std::vector<Place>& critical_path(const Orders& orders);

 private:
  struct Timing {
    double start, end;
    bool waited;  // it started when its input arrived, later than its rank was free
  };
  bool advance(int rank, const std::vector<Step>& order);
  std::size_t cell(int stage, int microbatch) const {
    return static_cast<std::size_t>(stage) * static_cast<std::size_t>(problem_.microbatches) +
           static_cast<std::size_t>(microbatch);
  }

  const Problem& problem_;
  std::vector<std::vector<Timing>> timings_;
  std::vector<int> position_;
  InputTimes inputs_;
  std::vector<int> forwards_, gradients_;  // done, per stage
  std::vector<int> forward_position_, gradient_position_;
  std::vector<Place> critical_;
};

}  // namespace pipetrain::search
