#include "schedule/auto_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "schedule/generate.h"
#include "schedule/list_schedule.h"
#include "schedule/local_search.h"
#include "schedule/rank_orders.h"

namespace pipetrain {
namespace {

using search::Orders;
using search::Problem;

struct Candidate {
  std::size_t problem;  // which placement
  Orders orders;
  double makespan;
};

double least_of(const std::vector<Problem>& problems) {
  double least = std::numeric_limits<double>::max();
  for (const Problem& problem : problems) least = std::min(least, search::least_makespan(problem));
  return least;
}

double action_count(const Problem& problem) { return 3.0 * problem.stages * problem.microbatches; }

class AutoSearch {
 public:
  AutoSearch(std::vector<Problem> problems, double effort)
      : problems_(std::move(problems)), least_(least_of(problems_)), effort_(effort) {}

  // From the cheapest source of candidates to the dearest, until one is as good as any can be.
  Schedule run() {
    for (std::size_t p = 0; p < problems_.size(); ++p) {
      add(p, search::one_at_a_time(problems_[p]));
      add_named(p);
    }
    for (std::size_t p = 0; p < problems_.size() && !is_solved(); ++p) add_listed(p);
    if (!is_solved()) improve();
    const Candidate& best = *std::min_element(candidates_.begin(), candidates_.end(), is_faster);
    return search::schedule_of(problems_[best.problem], best.orders);
  }

 private:
  static bool is_faster(const Candidate& a, const Candidate& b) { return a.makespan < b.makespan; }

  bool is_solved() const {
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      return candidate.makespan <= least_ * (1 + 1e-9);
    });
  }

  void add(std::size_t p, Orders orders) {
    const Problem& problem = problems_[p];
    for (int rank = 0; rank < problem.ranks; ++rank) {
      if (!search::is_in_order(problem, orders[static_cast<std::size_t>(rank)])) return;
    }
    const double makespan = search::Evaluation(problem).run(orders);
    if (std::isfinite(makespan)) candidates_.push_back({p, std::move(orders), makespan});
  }

  void add_named(std::size_t p) {
    const Problem& problem = problems_[p];
    for (const std::string& name : schedule_names()) {
      try {
        const Schedule schedule =
            generate(name, problem.ranks, problem.virtual_stages, problem.microbatches);
        if (schedule.placement == problem.placement && accumulates_in_ascending_order(schedule)) {
          add(p, search::orders_of(schedule));
        }
      } catch (const Error&) {
        // This schedule does not exist for these sizes.
      }
    }
  }

  void add_listed(std::size_t p) {
    const Problem& problem = problems_[p];
    const double list_effort = action_count(problem) * problem.ranks / 4.0;  // about, as measured
    std::vector<std::vector<int>> aheads;
    for (double factor : {0.6, 0.8, 0.9, 1.0, 1.1, 1.2}) {
      aheads.push_back(search::ahead_filling_memory(problem, factor));
    }
    for (double factor : {1.0, 1.25, 1.5, 2.0, 3.0, 100.0}) {
      aheads.push_back(search::ahead_by_return_time(problem, factor));
    }
    for (const std::vector<int>& ahead : aheads) {
      for (bool gradients_first : {true, false}) {
        for (double patience : {0.0, 0.5, 0.999}) {
          for (int weights_kept : {0, 1, problem.ranks, problem.live_limit}) {
            if (effort_ <= 0) return;
            effort_ -= list_effort;
            Orders orders =
                search::list_schedule(problem, {gradients_first, patience, weights_kept, ahead});
            if (!orders.empty()) add(p, std::move(orders));
          }
        }
      }
    }
  }

  // The best of different makespans share the effort.
  void improve() {
    constexpr std::size_t kStarts = 4;
    std::stable_sort(candidates_.begin(), candidates_.end(), is_faster);
    const Problem& problem = problems_.front();
    const long evaluations =
        static_cast<long>(std::max(effort_, 0.0) / action_count(problem) / kStarts);
    std::vector<std::size_t> starts;
    for (std::size_t c = 0; c < candidates_.size() && starts.size() < kStarts; ++c) {
      if (starts.empty() || candidates_[c].makespan > candidates_[starts.back()].makespan) {
        starts.push_back(c);
      }
    }
    for (std::size_t c : starts) {
      Candidate& start = candidates_[c];
      start.makespan = search::local_search(problems_[start.problem], start.orders, evaluations,
                                            random_key(c, "auto schedule"));
    }
  }

  std::vector<Problem> problems_;
  double least_;
  double effort_;
  std::vector<Candidate> candidates_;
};

void check(int ranks, int microbatches, const Costs& costs, const AutoOptions& options) {
  const int stages = static_cast<int>(costs.stages.size());
  if (ranks < 1 || microbatches < 1 || stages < ranks || stages % ranks != 0) {
    throw Error(ExitCode::kConfiguration,
                "schedule auto: found " + std::to_string(stages) + " stages on " +
                    std::to_string(ranks) + " ranks with " + std::to_string(microbatches) +
                    " microbatches; expected the same number of stages on every rank");
  }
  if (options.live_microbatches > 0 && options.live_microbatches < 1) {
    throw Error(
        ExitCode::kConfiguration,
        "schedule auto: the limit is below one live microbatch per rank; allow one or more");
  }
}

std::vector<Problem> problems_of(int ranks, int microbatches, const Costs& costs,
                                 const AutoOptions& options) {
  check(ranks, microbatches, costs, options);
  const double limit =
      options.live_microbatches > 0 ? options.live_microbatches : std::min(microbatches, ranks);
  std::vector<Problem> problems{{Placement::kLoop, ranks, microbatches, costs, limit}};
  if (problems.front().virtual_stages > 1 && ranks > 1) {
    problems.emplace_back(Placement::kV, ranks, microbatches, costs, limit);
  }
  return problems;
}

}  // namespace

Schedule auto_schedule(int ranks, int microbatches, const Costs& costs,
                       const AutoOptions& options) {
  return AutoSearch(problems_of(ranks, microbatches, costs, options), options.effort).run();
}

double least_makespan(int ranks, int microbatches, const Costs& costs, const AutoOptions& options) {
  return least_of(problems_of(ranks, microbatches, costs, options));
}

}  // namespace pipetrain
