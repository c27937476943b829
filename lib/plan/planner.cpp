#include "plan/planner.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "plan/candidate_list.h"
#include "plan/sliced_profile.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/overlap.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {
namespace {

constexpr std::size_t kKept = 10;    // plans to rank beside each schedule's best
constexpr double kAutoEffort = 2e7;  // of each search for a schedule
constexpr std::size_t kAutoSearches = 2;
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

ScheduleRequest request_of(const Candidate& candidate) {
  return {.name = candidate.schedule,
          .ranks = candidate.pipeline,
          .microbatches = candidate.microbatches,
          .virtual_stages = candidate.virtual_stages,
          .slices = candidate.slices,
          .vocabulary = candidate.vocabulary};
}

class Search {
 public:
  Search(const PlanInputs& inputs, const PlanRequest& request)
      : inputs_(inputs), request_(request), predictor_(inputs) {}

  PlanResult run() {
    predict_configured();
    const std::vector<BoundedCandidate> all = all_candidates(inputs_, request_, predictor_);
    for (const BoundedCandidate& bounded : all) consider(bounded);
    search_schedules();
    result_.candidates += static_cast<int>(all.size());
    sort(result_.plans);
    take_fewest_parts();
    if (result_.plans.empty()) find_least_memory();
    return std::move(result_);
  }

 private:
  static void sort(std::vector<Plan>& plans) {
    std::ranges::stable_sort(plans, {}, &Plan::step_seconds);
  }

  // The best plans that make all parts again do so with only as many as the limit asks for.
  void take_fewest_parts() {
    for (std::size_t i = 0; i < std::min(result_.plans.size(), kKept); ++i) {
      const Candidate candidate = result_.plans[i].candidate;
      const ScheduleRequest request = request_of(candidate);
      if (candidate.recompute != Recompute::kSelective || request.is_searched()) continue;
      const Schedule schedule = choose_without_costs(request);
      std::size_t least = 1, most = inputs_.parts.size();
      while (least < most) {
        const std::size_t middle = (least + most) / 2;
        Candidate fewer = candidate;
        for (std::size_t p = 0; p < middle; ++p) fewer.parts.push_back(inputs_.parts[p].name);
        Plan plan = predict(fewer, schedule, request_.memory_bytes);
        const bool fits = plan.memory_bytes <= request_.memory_bytes;
        (fits ? most : least) = fits ? middle : middle + 1;
        if (fits) result_.plans[i] = std::move(plan);
      }
    }
    sort(result_.plans);
  }

  // The step that a further plan must beat to be shown: of the best plans, and of its schedule.
  double step_to_beat(const std::string& schedule) const {
    std::vector<double> steps;
    double own_best = std::numeric_limits<double>::infinity();
    for (const Plan& plan : result_.plans) {
      steps.push_back(plan.step_seconds);
      if (plan.candidate.schedule == schedule) own_best = std::min(own_best, plan.step_seconds);
    }
    if (steps.size() < kKept) return std::numeric_limits<double>::infinity();
    std::nth_element(steps.begin(), steps.begin() + (kKept - 1), steps.end());
    return std::max(own_best, steps[kKept - 1]);
  }

  void consider(const BoundedCandidate& bounded) {
    const Candidate& candidate = bounded.candidate;
    if (fits_with_less_recompute(candidate)) {
      --result_.candidates;
      return;
    }
    if (!bounded.configured_size) {
      if (bounded.least_seconds >= step_to_beat(candidate.schedule)) {
        ++result_.slower;
        return;
      }
      if (effort_ > request_.effort) {
        ++result_.not_reached;
        return;
      }
    }
    const ScheduleRequest request = request_of(candidate);
    if (why_not(request)) {
      --result_.candidates;
      return;
    }
    keep(predict(candidate, choose_without_costs(request), request_.memory_bytes));
  }

  // Recomputing is for what does not fit without it. Candidates with less of it come first.
  bool fits_with_less_recompute(Candidate candidate) const {
    const Recompute own = std::exchange(candidate.recompute, Recompute::kNone);
    return std::any_of(result_.plans.begin(), result_.plans.end(), [&](const Plan& plan) {
      Candidate other = plan.candidate;
      const Recompute less = std::exchange(other.recompute, Recompute::kNone);
      return other == candidate && less != own && own != request_.configured.recompute;
    });
  }

  Plan predict(const Candidate& candidate, const Schedule& schedule, std::int64_t limit_bytes) {
    Plan plan = predictor_.predict(candidate, schedule, limit_bytes);
    const int steps = predictor_.follows(candidate) ? 1 + kSteadyStepEffort : 1;
    effort_ += steps * static_cast<double>(schedule.action_count());
    return plan;
  }

  void keep(Plan plan) {
    if (plan.memory_bytes > request_.memory_bytes) {
      ++result_.beyond_memory;
      too_large_.push_back(std::move(plan));
    } else {
      result_.plans.push_back(std::move(plan));
    }
  }

  // Named schedules are found among the candidates, too; tables only here.
  void predict_configured() {
    const Candidate& own = request_.configured;
    if (!request_.configured_schedule || !inputs_.has(form_of(own))) return;
    if (own.slices > 1 && !may_have_slices(inputs_, own)) return;
    const bool search = request_.configured_schedule->ranks.empty();
    result_.configured = predict(
        own, search ? searched(own, request_.placement) : *request_.configured_schedule, kNoLimit);
  }

  // As a run searches. Each placement has its own cut.
  Schedule searched(const Candidate& candidate, const PlacementChoice& choice = {}) {
    ScheduleRequest request = request_of(candidate);
    request.placement = choice;
    request.search = {.live_microbatches = request_.live_microbatches, .effort = kAutoEffort};
    std::optional<std::pair<double, Schedule>> best;  // and its seconds
    for (const Placement& start :
         placements_to_cut(choice, candidate.pipeline, candidate.virtual_stages)) {
      const Costs costs = predictor_.costs(candidate, start);
      Schedule found = choose(request, as_given(costs));
      const Costs own = predictor_.costs(candidate, found.placement);
      const double seconds = simulate(found, own).makespan();
      if (!best || seconds < best->first) best.emplace(seconds, std::move(found));
    }
    return std::move(best->second);
  }

  // Searched schedules for the sizes of the best named ones, of 1, 2 and 4 stages per rank.
  void search_schedules() {
    std::vector<Plan> best = result_.plans;
    sort(best);
    // Form and grid, microbatches, recompute, vocabulary.
    std::set<std::tuple<ModelForm, int, int, int, Recompute, VocabularyPlace>> done;
    for (const Plan& plan : best) {
      Candidate candidate = plan.candidate;
      if (candidate.pipeline == 1) continue;
      const bool other =
          done.emplace(form_of(candidate), candidate.data, candidate.pipeline,
                       candidate.microbatches, candidate.recompute, candidate.vocabulary)
              .second;
      if (!other) continue;
      candidate.schedule = kSearchedSchedule;
      candidate.slices = 1;
      for (const int v : {1, 2, 4}) {
        if (candidate.pipeline * v > cut_layers(inputs_, candidate)) continue;
        candidate.virtual_stages = v;
        ++result_.candidates;
        keep(predict(candidate, searched(candidate), request_.memory_bytes));
      }
      if (done.size() == kAutoSearches) break;
    }
  }

  // Some that do not fit are known by their parameters alone: the smallest is made exact,
  // repeatedly.
  void find_least_memory() {
    std::set<const Plan*> exact;
    while (!too_large_.empty()) {
      const auto least = std::ranges::min_element(too_large_, {}, &Plan::memory_bytes);
      result_.least_memory = *least;
      if (!exact.insert(&*least).second) return;
      const Candidate candidate = least->candidate;
      const ScheduleRequest request = request_of(candidate);
      *least = predictor_.predict(
          candidate, request.is_searched() ? searched(candidate) : choose_without_costs(request),
          kNoLimit);
    }
  }

  const PlanInputs& inputs_;
  const PlanRequest& request_;
  Predictor predictor_;
  PlanResult result_;
  std::vector<Plan> too_large_;
  double effort_ = 0;
};

}  // namespace

PlanResult search_plans(const PlanInputs& inputs, const PlanRequest& request) {
  return Search(inputs, request).run();
}

const Plan& best_pipeline(const PlanResult& result, int ranks) {
  const Plan& best = result.plans.front();
  const auto all = std::ranges::find_if(result.plans, [&](const Plan& p) {
    return p.candidate.pipeline == ranks && p.candidate.precision == best.candidate.precision;
  });
  return all == result.plans.end() ? best : *all;
}

}  // namespace pipetrain
