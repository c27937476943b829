#include "schedule/simulate/simulate.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "schedule/neighbours.h"
#include "schedule/simulate/input_times.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/simulate_shared.h"
#include "schedule/walk.h"

namespace pipetrain {
namespace {

class Simulation {
 public:
  Simulation(const Schedule& schedule, const Costs& costs, BackwardSends sends)
      : schedule_(schedule),
        costs_(costs),
        sends_(sends),
        forward_only_(is_forward_only(schedule)),
        inputs_(ways_of(costs, schedule), schedule.microbatches, schedule.slices) {
    free_.resize(schedule.ranks.size());
    apart_.resize(schedule.ranks.size());
    gathered_.resize(static_cast<std::size_t>(schedule.stage_count()));
    gathers_end_.resize(schedule.ranks.size());
    live_.resize(schedule.ranks.size());
    timeline_.ranks.resize(schedule.ranks.size());
    timeline_.peak_live_microbatches.resize(schedule.ranks.size());
    for (std::size_t rank = 0; rank < schedule.ranks.size(); ++rank) {
      timeline_.ranks[rank].reserve(schedule.ranks[rank].size() * 2);
    }
  }

  void run(int rank, const Action& action) {
    const std::size_t r = static_cast<std::size_t>(rank);
    if (action.op == Op::kUnshard) gather(r, action.stage);
    if (!is_compute(action.op)) return;
    if (is_of_piece(action.op)) return run_piece(r, action);
    wait(r, {Op::kUnshard, action.stage, 0}, gathered_[static_cast<std::size_t>(action.stage)]);
    Action waiting = action;
    if (action.op == Op::kBackward && sends_ == BackwardSends::kGradientsFirst) {
      waiting.op = Op::kBackwardInput;
    }
    wait(r, waiting, inputs_.arrival(action.op, action.stage, schedule_.slice_number(action)));
    if (action.op == Op::kForward) enter(r);
    compute(r, action);
    if (ends_microbatch(action.op) || (forward_only_ && action.op == Op::kForward)) --live_[r];
  }

  Timeline take() && { return std::move(timeline_); }

 private:
  void run_piece(std::size_t rank, const Action& action) {
    wait(rank, action, inputs_.arrival(action.op, action.stage, schedule_.slice_number(action)));
    const double start = free_[rank];
    free_[rank] += duration_of(action, costs_);
    timeline_.ranks[rank].push_back({action, false, start, free_[rank]});
    apart_[rank].passes(action);
    inputs_.ended(action.op, action.stage, schedule_.slice_number(action),
                  free_[rank] - result_leaves_before_end(action, schedule_, costs_));
  }

  void gather(std::size_t rank, int stage) {
    const auto s = static_cast<std::size_t>(stage);
    double& end = gathers_end_[rank];
    end = std::max(end, free_[rank]) + costs_.stages[s].gather;
    gathered_[s] = end;
  }

  void wait(std::size_t rank, const Action& what, double until) {
    if (until <= free_[rank]) return;
    timeline_.ranks[rank].push_back({what, true, free_[rank], until});
    free_[rank] = until;
  }

  void enter(std::size_t rank) {
    double& peak = timeline_.peak_live_microbatches[rank];
    peak = std::max(peak, ++live_[rank] / schedule_.stages_per_rank() / schedule_.slices);
  }

  void compute(std::size_t rank, const Action& action) {
    const StageCost& cost = costs_.stages[static_cast<std::size_t>(action.stage)];
    const double input = cost.backward_input + (apart_[rank].passes(action) ? cost.remake : 0);
    const auto span = [&](Op op, double duration) {
      const double start = free_[rank];
      free_[rank] += duration;
      timeline_.ranks[rank].push_back({action.as(op), false, start, free_[rank]});
      inputs_.ended(op, action.stage, schedule_.slice_number(action), free_[rank]);
    };
    if (action.op == Op::kForward) {
      span(Op::kForward, cost.forward);
    } else if (action.op == Op::kRecompute) {
      span(Op::kRecompute, cost.recompute);
    } else if (action.op == Op::kBackwardInput) {
      span(Op::kBackwardInput, input);
    } else if (action.op == Op::kBackwardWeight) {
      span(Op::kBackwardWeight, cost.backward_weight);
    } else if (action.op == Op::kBackward && sends_ == BackwardSends::kGradientsFirst) {
      span(Op::kBackwardInput, input);
      span(Op::kBackwardWeight, cost.backward_weight);
    } else if (action.op == Op::kBackward) {
      span(Op::kBackward, input + cost.backward_weight);
    }
  }

  const Schedule& schedule_;
  const Costs& costs_;
  BackwardSends sends_;
  bool forward_only_;
  InputTimes inputs_;
  std::vector<double> free_;         // per rank: when it ended its last action
  std::vector<Apart> apart_;         // per rank
  std::vector<double> gathered_;     // per stage: when its weights are whole
  std::vector<double> gathers_end_;  // per rank: of those begun
  std::vector<int> live_;
  Timeline timeline_;
};

bool shares_links(const Costs& costs, const Schedule& schedule) {
  return costs.network && ways_of(costs, schedule).shared;
}

// `of_slice`: the costs are those of a slice already.
Timeline simulate_listed(const Schedule& schedule, const Costs& costs, BackwardSends sends,
                         bool of_slice = false) {
  if (costs.network && !costs.network->speeds.empty()) {
    return simulate_listed(schedule, at_rank_speeds(costs, schedule.placement), sends, of_slice);
  }
  if (schedule.slices > 1 && !of_slice) {
    return simulate_listed(schedule, costs_of_slice(costs, schedule.slices), sends, true);
  }
  // Who shares a core, or a link with another rank, must be followed in order of time.
  if ((costs.cores > 0 && costs.cores < schedule.rank_count()) || shares_links(costs, schedule)) {
    return simulate_shared(schedule, costs, sends);
  }
  Simulation simulation(schedule, costs, sends);
  walk(schedule, [&](int rank, std::size_t position) {
    simulation.run(rank, schedule.ranks[static_cast<std::size_t>(rank)][position]);
  });
  return std::move(simulation).take();
}

}  // namespace

PieceCost piece_cost(const StageCost& head, int pieces, VocabularyPlace place) {
  const bool later = place == VocabularyPlace::kVocab1;
  return {(head.forward + (later ? 0 : head.backward_input)) / pieces,
          (head.backward_weight + (later ? head.backward_input : 0)) / pieces};
}

double duration_of(const Action& action, const Costs& costs) {
  const auto at = static_cast<std::size_t>(action.stage);
  if (action.op == Op::kVocabularyForward) return costs.pieces[at].forward;
  if (action.op == Op::kVocabularyBackward) return costs.pieces[at].backward;
  const StageCost& cost = costs.stages[at];
  switch (action.op) {
    case Op::kForward: return cost.forward;
    case Op::kRecompute: return cost.recompute;
    case Op::kBackwardInput: return cost.backward_input;
    case Op::kBackwardWeight: return cost.backward_weight;
    default: return cost.backward_input + cost.backward_weight;
  }
}

double result_leaves_before_end(const Action& action, const Schedule& schedule,
                                const Costs& costs) {
  const auto at = static_cast<std::size_t>(action.stage);
  if (action.op == Op::kBackward) return costs.stages[at].backward_weight;
  const bool both = action.op == Op::kVocabularyBackward && schedule.has_two_barriers();
  return both ? costs.pieces[at].backward / 2 : 0;
}

Costs equal_costs(const Schedule& schedule, double forward, double backward_input,
                  double backward_weight, double message) {
  const double v = schedule.stages_per_rank();
  const StageCost share{forward / v, backward_input / v, backward_weight / v};
  return {std::vector<StageCost>(static_cast<std::size_t>(schedule.stage_count()), share), message};
}

Costs costs_of_slice(const Costs& costs, int slices) {
  Costs own = costs;
  for (StageCost& stage : own.stages) {
    for (double StageCost::* part :
         {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight,
          &StageCost::recompute, &StageCost::remake}) {
      stage.*part /= slices;
    }
  }
  own.message /= slices;
  if (costs.network) {
    auto network = std::make_shared<Network>(*costs.network);
    network->message_bytes /= slices;
    own.network = std::move(network);
  }
  return own;
}

Features features_of(const Costs& costs) {
  Features features;
  for (const StageCost& cost : costs.stages) {
    features.recomputes.push_back(cost.recompute > 0);
    features.shards_parameters = features.shards_parameters || cost.gather > 0;
  }
  if (std::ranges::none_of(features.recomputes, std::identity())) features.recomputes.clear();
  return features;
}

Timeline simulate(const Program& program, const Costs& costs) {
  return simulate_listed(program.actions, costs, BackwardSends::kGradientsFirst);
}

// Messages take no time on a rank: without other features the schedule itself will do.
Timeline simulate(const Schedule& schedule, const Costs& costs, BackwardSends sends) {
  const Features features = features_of(costs);
  const bool as_listed = sends == BackwardSends::kAfterBackward ||
                         (features.recomputes.empty() && !features.shards_parameters);
  if (as_listed) return simulate_listed(schedule, costs, sends);
  return simulate(program_of(schedule, features), costs);
}

}  // namespace pipetrain
