#include "schedule/simulate/overlap.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/index.h"
#include "schedule/provisional.h"
#include "schedule/simulate/step_parts.h"

namespace pipetrain {
namespace {

constexpr int kSteps = 8;  // that are scheduled until they repeat
constexpr double kNever = std::numeric_limits<double>::infinity();

bool has(const StepPart& part, Op op) {
  return std::ranges::any_of(part.computes, [&](const Action& a) { return a.op == op; });
}

// Chooses, over kSteps steps, what each rank runs next.
class Scheduler {
 public:
  Scheduler(const Program& program, const Costs& costs) : clock_(program, costs, kSteps) {
    const std::size_t ranks = clock_.rank_count();
    next_.assign(ranks, std::vector<std::size_t>(kSteps));
    live_.assign(ranks, 0);
    for (std::size_t r = 0; r < ranks; ++r) {
      int live = 0, peak = 0, weights = 0;
      for (const StepPart& part : clock_.parts(r)) {
        if (has(part, Op::kForward)) peak = std::max(peak, ++live);
        if (has(part, Op::kBackwardWeight)) {
          --live;
          ++weights;
        }
      }
      most_live_.push_back(peak);
      weights_left_.emplace_back(kSteps, weights);
      std::vector<int>& rise = rises_.emplace_back(clock_.parts(r).size() + 1);
      for (std::size_t i = clock_.parts(r).size(); i-- > 0;) {
        const StepPart& part = clock_.parts(r)[i];
        const int change =
            (has(part, Op::kForward) ? 1 : 0) - (has(part, Op::kBackwardWeight) ? 1 : 0);
        rise[i] = std::max(0, change + rise[i + 1]);
      }
    }
    order_.resize(ranks);
  }

  void run() {
    while (const std::optional<Choice> choice = first_of_all()) commit(*choice);
  }

  // What each rank runs from step `step` on until the next one begins.
  Overlap segment(int step) const {
    Overlap overlap;
    for (const std::vector<Entry>& order : order_) {
      std::vector<OverlapPart>& parts = overlap.emplace_back();
      bool inside = false, marked = false;
      for (const Entry& entry : order) {
        if (entry.step > step) break;
        inside = inside || entry.step == step;
        if (!inside) continue;
        if (!marked && entry.start >= clock_.closed(step - 1)) {
          parts.push_back({.previous = true});
          marked = true;
        }
        parts.push_back({entry.step < step, entry.first, entry.end});
      }
      if (!marked) parts.push_back({.previous = true});
    }
    return overlap;
  }

 private:
  struct Choice {
    double start = kNever;
    std::size_t rank = 0;
    int step = 0;
  };
  struct Entry {
    int step;
    std::size_t first, end;
    double start;
  };

  bool done(std::size_t rank, int step) const {
    return next_[rank][index(step)] == clock_.parts(rank).size();
  }

  // When the rank could go on with this step; kNever: not yet.
  double start_of(std::size_t rank, int step, bool is_older) const {
    if (step >= kSteps || done(rank, step)) return kNever;
    const std::size_t next = next_[rank][index(step)];
    const StepPart& part = clock_.parts(rank)[next];
    if (!is_older && has(part, Op::kForward) &&
        live_[rank] + rises_[rank][next_[rank][index(step - 1)]] >= most_live_[rank]) {
      return kNever;
    }
    // A stage's gradients are one step's at a time.
    if (!is_older && has(part, Op::kBackwardWeight) && weights_left_[rank][index(step - 1)] > 0) {
      return kNever;
    }
    return std::max(clock_.start(rank, step, next), clock_.closed(step - 2));
  }

  std::optional<Choice> first_of_all() const {
    Choice best;
    for (std::size_t rank = 0; rank < clock_.rank_count(); ++rank) {
      int older = 0;
      while (older < kSteps && done(rank, older)) ++older;
      for (const int step : {older, older + 1}) {
        const double start = start_of(rank, step, step == older);
        if (start < best.start) best = {start, rank, step};
      }
    }
    return best.start < kNever ? std::optional(best) : std::nullopt;
  }

  void commit(const Choice& choice) {
    const auto [start, rank, step] = choice;
    const std::size_t next = next_[rank][index(step)]++;
    const StepPart& part = clock_.parts(rank)[next];
    clock_.run(rank, step, next, start);
    if (has(part, Op::kForward)) ++live_[rank];
    if (has(part, Op::kBackwardWeight)) {
      --live_[rank];
      --weights_left_[rank][index(step)];
    }
    order_[rank].push_back({step, part.first, part.end, start});
  }

  StepClock clock_;
  std::vector<std::vector<std::size_t>> next_;  // per rank and step: which part comes next
  std::vector<int> live_, most_live_;
  std::vector<std::vector<int>>
      rises_;  // per rank: by how much what is left of a step raises live_
  std::vector<std::vector<int>> weights_left_;  // per rank and step
  std::vector<std::vector<Entry>> order_;
};

// The order in which a rank runs the parts of several steps.
struct Turn {
  int step;
  std::size_t part;  // of its step's parts
};

std::vector<Turn> turns_of(const std::vector<StepPart>& parts,
                           const std::vector<OverlapPart>& overlap, int steps) {
  std::vector<Turn> turns;
  for (int step = 0; step <= steps; ++step) {
    for (const OverlapPart& each : overlap) {
      const int own = each.previous ? step - 1 : step;
      if (each.is_mark() || own < 0 || own == steps) continue;
      const auto part = std::ranges::find(parts, each.first, &StepPart::first);
      turns.push_back({own, static_cast<std::size_t>(part - parts.begin())});
    }
  }
  return turns;
}

// Each step's whole list, one after the other.
Overlap one_by_one(const StepClock& clock) {
  Overlap overlap;
  for (std::size_t r = 0; r < clock.rank_count(); ++r) {
    std::vector<OverlapPart>& parts = overlap.emplace_back();
    parts.push_back({.previous = true});
    for (const StepPart& part : clock.parts(r)) parts.push_back({false, part.first, part.end});
  }
  return overlap;
}

// As it is after all steps; nothing if it deadlocks.
std::optional<StepClock> run_turns(const Program& program, const Costs& costs, int steps,
                                   StepRule rule, const Overlap& overlap) {
  StepClock clock(program, costs, steps);
  const Overlap& used = overlap.empty() ? one_by_one(clock) : overlap;
  std::vector<ProvisionalPart> provisional;
  if (rule == StepRule::kPostValidation) provisional = provisional_parts(program);
  // When the rank may run the part, but for what it takes.
  const auto gate_of = [&](std::size_t r, int step, const StepPart& part) {
    if (rule == StepRule::kDelayed) return clock.closed(step - 2);
    const bool may_be_taken_back = !provisional.empty() && part.end <= provisional[r].end;
    return may_be_taken_back ? 0 : clock.closed(step - 1);
  };
  std::vector<std::vector<Turn>> turns;
  turns.reserve(clock.rank_count());
  for (std::size_t r = 0; r < clock.rank_count(); ++r) {
    turns.push_back(turns_of(clock.parts(r), used[r], steps));
  }
  std::vector<std::size_t> next(turns.size());
  bool moved = true;
  while (moved) {
    moved = false;
    for (std::size_t r = 0; r < turns.size(); ++r) {
      while (next[r] < turns[r].size()) {
        const auto [step, part] = turns[r][next[r]];
        const double gate = gate_of(r, step, clock.parts(r)[part]);
        if (std::max(gate, clock.start(r, step, part)) == kNever) break;
        clock.run(r, step, part, gate);
        ++next[r];
        moved = true;
      }
    }
  }
  for (std::size_t r = 0; r < turns.size(); ++r) {
    if (next[r] < turns[r].size()) return std::nullopt;
  }
  return clock;
}

}  // namespace

Overlap overlap_steps(const Program& program, const Costs& costs) {
  Scheduler scheduler(program, costs);
  scheduler.run();
  for (int step = 1; step + 2 < kSteps; ++step) {
    Overlap segment = scheduler.segment(step);
    if (segment != scheduler.segment(step + 1)) continue;
    if (run_turns(program, costs, kSteps / 2, StepRule::kDelayed, segment)) return segment;
  }
  return one_by_one(StepClock(program, costs, 1));
}

Timeline simulate_steps(const Program& program, const Costs& costs, int steps, StepRule rule,
                        const Overlap& overlap) {
  if (program.actions.action_count() > kMostActions / static_cast<std::size_t>(steps)) {
    throw Error(ExitCode::kConfiguration,
                "schedule: " + std::to_string(steps) +
                    " steps have more than 5 million actions; take fewer");
  }
  auto clock = run_turns(program, costs, steps, rule, overlap);
  if (!clock) {
    throw Error(ExitCode::kConfiguration, "schedule: its steps wait for each other for ever");
  }
  return std::move(*clock).take();
}

SteadyStep steady_step(const Program& program, const Costs& costs, StepRule rule,
                       const Overlap& overlap) {
  if (rule == StepRule::kDelayed && overlap.empty()) {
    return steady_step(program, costs, rule, overlap_steps(program, costs));
  }
  // The first steps are no longer at work in the earlier of these two, and behind the later one
  // comes one more, as behind any.
  constexpr int kEarlier = kSteps / 2 - 2, kLater = kSteps - 2;
  StepClock clock = run_turns(program, costs, kSteps, rule, overlap).value();
  const double seconds = (clock.closed(kLater) - clock.closed(kEarlier)) / (kLater - kEarlier);
  const Timeline timeline = std::move(clock).take();
  return {.seconds = seconds,
          .busy = (1 - timeline.bubble_fraction()) * timeline.makespan() / kSteps};
}

}  // namespace pipetrain
