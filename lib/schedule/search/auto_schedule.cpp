#include "schedule/search/auto_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "schedule/generate/generate.h"
#include "schedule/search/beam_search.h"
#include "schedule/search/list_schedule.h"
#include "schedule/search/local_search.h"
#include "schedule/search/placement_search.h"
#include "schedule/search/rank_orders.h"
#include "schedule/search/rule_search.h"
#include "schedule/search/vocabulary_search.h"

namespace pipetrain {
namespace {

using search::ListRule;
using search::Orders;
using search::Problem;

struct Candidate {
  std::size_t problem;  // which placement
  Orders orders;
  double makespan;
  std::optional<ListRule> rule;  // that made it
};

double least_of(const std::vector<Problem>& problems) {
  double least = std::numeric_limits<double>::max();
  for (const Problem& problem : problems) least = std::min(least, search::least_makespan(problem));
  return least;
}

// What is tried for the lead of F over I: shares of what fills the memory, and of what keeps the
// slowest rank's pace.
constexpr std::array kMemoryFactors{0.6, 0.8, 0.9, 1.0, 1.1, 1.2};
constexpr std::array kPaceFactors{1.0, 1.25, 1.5, 2.0, 3.0, 100.0};
// What an action listed and evaluated counts. It takes 15 to 35 times as long as one evaluated, but
// finds more: the weight is a choice, not a measurement.
constexpr double kListEffort = 10;
// Beam search has an effort of its own, in shares of what is given: where it can see all that
// matters, nothing else is needed, and of large problems it sees little.
constexpr double kSmallProblem = 600;  // actions
constexpr double kBeamOfSmall = 1, kBeamOfLarge = 0.1;
constexpr std::array<std::size_t, 4> kBeamWidths{32, 256, 2048, 16384};

class AutoSearch {
 public:
  AutoSearch(std::vector<Problem> problems, double effort)
      : problems_(std::move(problems)),
        least_(least_of(problems_)),
        effort_(effort),
        effort_given_(effort) {
    for (std::size_t p = 0; p < problems_.size(); ++p) unseen_.push_back(p);
  }

  // Whether beams see that no schedule is shorter.
  bool is_least(double makespan) {
    grow(makespan);
    return unseen_.empty() && candidates_.empty();
  }

  // From the cheapest source of candidates to the dearest, until one is as good as any can be.
  Schedule run() {
    for (std::size_t p = 0; p < problems_.size(); ++p) {
      add(p, search::one_at_a_time(problems_[p]));
      add_named(p);
    }
    if (!is_solved()) add_listed();
    if (!is_solved()) grow(fastest_makespan());
    if (!is_solved()) improve_rules();
    if (!is_solved()) improve_orders();
    const Candidate& best = *std::min_element(candidates_.begin(), candidates_.end(), is_faster);
    return search::schedule_of(problems_[best.problem], best.orders);
  }

 private:
  static bool is_faster(const Candidate& a, const Candidate& b) { return a.makespan < b.makespan; }

  bool is_solved() const {
    if (unseen_.empty()) return true;
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      return candidate.makespan <= least_ * (1 + 1e-9);
    });
  }

  void add(std::size_t p, Orders orders, std::optional<ListRule> rule = std::nullopt) {
    const Problem& problem = problems_[p];
    for (int rank = 0; rank < problem.ranks; ++rank) {
      if (!search::is_in_order(problem, orders[static_cast<std::size_t>(rank)])) return;
    }
    const double makespan = search::OrderCost(problem).run(orders);
    if (std::isfinite(makespan)) {
      candidates_.push_back({p, std::move(orders), makespan, std::move(rule)});
    }
  }

  // Of a schedule that takes microbatches in another order its order of work is kept, in which they
  // ascend.
  void add_named(std::size_t p) {
    const Problem& problem = problems_[p];
    const Placement& placement = problem.placement;
    const int ranks = problem.ranks, v = problem.virtual_stages, m = problem.microbatches;
    const bool regular = placement == Placement::loop(ranks, v) ||  // then there are enough of it
                         placement == Placement::wave(ranks, v);
    for (const ScheduleKind& kind : schedule_kinds()) {
      const bool own = !why_not(kind.name, ranks, v, m) && kind.placement(ranks, v) == placement;
      if (own || (!regular && kind.generate_on != nullptr)) {
        add(p, search::orders_of(own ? generate(kind.name, ranks, v, m)
                                     : generate(kind.name, placement, m)));
      }
    }
  }

  void add_listed() {
    const double kept_effort = effort_ / 2;  // for what comes after
    for (bool gradients_first : {true, false}) {
      for (double patience : {0.0, 0.5, 0.999}) {
        for (int kept : {0, 1, problems_.front().ranks, problems_.front().live_limit}) {
          for (std::size_t i = 0; i < kMemoryFactors.size() + kPaceFactors.size(); ++i) {
            for (std::size_t p = 0; p < problems_.size(); ++p) {
              if (effort_ <= kept_effort) return;
              add_ruled(p, search::regular_rule(problems_[p], ahead(problems_[p], i),
                                                gradients_first, patience, kept));
            }
          }
        }
      }
    }
  }

  static std::vector<int> ahead(const Problem& problem, std::size_t i) {
    return i < kMemoryFactors.size()
               ? search::ahead_filling_memory(problem, kMemoryFactors[i])
               : search::ahead_by_return_time(problem, kPaceFactors[i - kMemoryFactors.size()]);
  }

  void add_ruled(std::size_t p, ListRule rule) {
    effort_ -= kListEffort * problems_[p].actions();
    Orders orders = search::list_schedule(problems_[p], rule);
    if (!orders.empty()) add(p, std::move(orders), std::move(rule));
  }

  // By beams of growing width, until none has left out what could be shorter than `limit` and all
  // candidates.
  void grow(double limit) {
    const bool small = problems_.front().actions() <= kSmallProblem;
    double effort = effort_given_ * (small ? kBeamOfSmall : kBeamOfLarge);
    for (const std::size_t width : kBeamWidths) {
      for (auto p = unseen_.begin(); p != unseen_.end() && !is_solved();) {
        search::Beam beam = search::beam_search(
            problems_[*p], {std::min(limit, fastest_makespan()), width, effort});
        effort -= beam.effort;
        if (!beam.orders.empty()) add(*p, std::move(beam.orders));
        p = beam.saw_all ? unseen_.erase(p) : p + 1;
        if (effort <= 0) return;
      }
    }
  }

  double fastest_makespan() const {
    double fastest = std::numeric_limits<double>::infinity();
    for (const Candidate& candidate : candidates_) fastest = std::min(fastest, candidate.makespan);
    return fastest;
  }

  // The fastest candidates of different makespans, at most `count`.
  std::vector<std::size_t> fastest(std::size_t count, bool with_rule) {
    std::stable_sort(candidates_.begin(), candidates_.end(), is_faster);
    std::vector<std::size_t> chosen;
    for (std::size_t c = 0; c < candidates_.size() && chosen.size() < count; ++c) {
      if (with_rule && !candidates_[c].rule) continue;
      if (chosen.empty() || candidates_[c].makespan > candidates_[chosen.back()].makespan) {
        chosen.push_back(c);
      }
    }
    return chosen;
  }

  void improve_rules() {
    constexpr double kShare = 0.6;  // of the effort
    const std::vector<std::size_t> starts = fastest(2, true);
    const double effort = std::max(0.0, effort_) * kShare;
    effort_ -= effort;
    for (std::size_t c : starts) {
      Candidate& start = candidates_[c];
      const Problem& problem = problems_[start.problem];
      const double trials =
          effort / (kListEffort * problem.actions() * static_cast<double>(starts.size()));
      start.makespan = search::search_rules(problem, *start.rule, start.orders,
                                            static_cast<long>(trials), random_key(c, "rules"));
    }
  }

  void improve_orders() {
    const std::vector<std::size_t> starts = fastest(3, false);
    for (std::size_t c : starts) {
      Candidate& start = candidates_[c];
      const Problem& problem = problems_[start.problem];
      const double trials =
          std::max(0.0, effort_) / (problem.actions() * static_cast<double>(starts.size()));
      start.makespan = search::local_search(problem, start.orders, static_cast<long>(trials),
                                            random_key(c, "orders"));
    }
  }

  std::vector<Problem> problems_;
  double least_;
  double effort_;
  double effort_given_;
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> unseen_;  // problems that may have something faster
};

std::vector<Problem> problems_of(int ranks, int microbatches, Costs costs,
                                 const AutoOptions& options) {
  const int stages = static_cast<int>(costs.stages.size());
  if (const auto reason = why_no_search(ranks, microbatches, stages, options)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  for (StageCost& cost : costs.stages) {  // it knows F, I and W: R comes before I
    cost.backward_input += std::exchange(cost.recompute, 0) + std::exchange(cost.remake, 0);
  }
  const double limit =
      options.live_microbatches > 0 ? options.live_microbatches : std::min(microbatches, ranks);
  if (options.placement) return {{*options.placement, microbatches, costs, limit}};
  const int v = stages / ranks;
  std::vector<Placement> placements{Placement::loop(ranks, v)};
  if (v > 1 && ranks > 1) placements.push_back(Placement::wave(ranks, v));
  if (options.any_placement && ranks > 1) {
    placements = search::promising_placements(placements, microbatches, costs, limit,
                                              options.effort / (2 * kListEffort));
  }
  std::vector<Problem> problems;
  problems.reserve(placements.size());
  for (Placement& placement : placements) {
    problems.emplace_back(std::move(placement), microbatches, costs, limit);
  }
  return problems;
}

}  // namespace

std::optional<std::string> why_no_search(int ranks, int microbatches, int stages,
                                         const AutoOptions& options) {
  const bool even = options.placement || stages % std::max(ranks, 1) == 0;
  if (ranks < 1 || microbatches < 1 || stages < ranks || !even) {
    return "schedule auto: found " + std::to_string(stages) + " stages on " +
           std::to_string(ranks) + " ranks with " + std::to_string(microbatches) +
           " microbatches; expected the same number of stages on every rank";
  }
  if (const auto reason =
          too_many_actions(kSearchedSchedule, ranks, (stages + ranks - 1) / ranks, microbatches)) {
    return reason;
  }
  if (options.live_microbatches != 0 && !(options.live_microbatches >= 1)) {  // nor NaN
    return "schedule auto: the limit is below one live microbatch per rank; allow one or more";
  }
  if (options.placement && options.live_microbatches != 0) {
    return search::why_no_room(*options.placement, options.live_microbatches);
  }
  return std::nullopt;
}

Schedule auto_schedule(int ranks, int microbatches, const Costs& costs,
                       const AutoOptions& options) {
  if (is_over_pipeline(options.vocabulary)) {
    return search::schedule_with_vocabulary(ranks, microbatches, costs, options);
  }
  return AutoSearch(problems_of(ranks, microbatches, costs, options), options.effort).run();
}

double least_makespan(int ranks, int microbatches, const Costs& costs, const AutoOptions& options) {
  if (is_over_pipeline(options.vocabulary)) {
    return search::least_with_vocabulary(ranks, microbatches, costs, options);
  }
  return least_of(problems_of(ranks, microbatches, costs, options));
}

double least_makespan(int ranks, int microbatches, const Costs& costs, const AutoOptions& options,
                      double found) {
  std::vector<Problem> problems = problems_of(ranks, microbatches, costs, options);
  const double least = least_of(problems);
  if (found <= least) return least;
  return AutoSearch(std::move(problems), options.effort).is_least(found) ? found : least;
}

}  // namespace pipetrain
