#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "plan/planner.h"

namespace pipetrain {
namespace {

template <class Condition>
const Plan* first_that(const std::vector<Plan>& plans, const Condition& condition) {
  const auto found = std::find_if(plans.begin(), plans.end(), condition);
  return found == plans.end() ? nullptr : &*found;
}

std::string percent(double fraction) { return fmt::format("{:.1f}%", 100 * fraction); }

// Against another schedule, of the same sizes if there is one.
std::string against_schedules(const PlanResult& result, int ranks) {
  const Plan& best = result.plans.front();
  const auto& plans = result.plans;
  const auto other_schedule = [&](const Plan& p) {
    return p.candidate.schedule != best.candidate.schedule;
  };
  const Plan* rival = first_that(plans, [&](const Plan& p) {
    return other_schedule(p) && p.candidate.pipeline == best.candidate.pipeline &&
           p.candidate.data == best.candidate.data && p.candidate.tensor == best.candidate.tensor &&
           p.candidate.precision == best.candidate.precision &&
           p.candidate.shard == best.candidate.shard &&
           p.candidate.vocabulary == best.candidate.vocabulary &&
           p.candidate.slices == best.candidate.slices &&
           p.candidate.microbatches == best.candidate.microbatches &&
           p.candidate.recompute == best.candidate.recompute;
  });
  if (rival == nullptr) rival = first_that(plans, other_schedule);
  if (rival == nullptr) return "no other schedule was found to fit";
  const std::string name = text_of(rival->candidate, ranks);
  if (best.bubble_fraction < rival->bubble_fraction) {
    return fmt::format("bubble {} against {} of {}", percent(best.bubble_fraction),
                       percent(rival->bubble_fraction), name);
  }
  return fmt::format("a step {} shorter than that of {}",
                     percent(1 - best.step_seconds / rival->step_seconds), name);
}

// Against more microbatches, or else fewer.
std::string against_microbatches(const PlanResult& result) {
  const Plan& best = result.plans.front();
  const auto same_but = [&](const auto& compare) {
    return first_that(result.plans, [&](const Plan& p) {
      Candidate same = p.candidate;
      same.microbatches = best.candidate.microbatches;
      return same == best.candidate &&
             compare(p.candidate.microbatches, best.candidate.microbatches);
    });
  };
  const Plan* more = same_but([](int a, int b) { return a > b; });
  if (more != nullptr && more->busy_seconds > best.busy_seconds) {
    return fmt::format(
        "; M={} would have a bubble of {}, but its smaller products keep the ranks busy {} longer",
        more->candidate.microbatches, percent(more->bubble_fraction),
        percent(more->busy_seconds / best.busy_seconds - 1));
  }
  const Plan* fewer = same_but([](int a, int b) { return a < b; });
  if (fewer == nullptr || fewer->bubble_fraction <= best.bubble_fraction) return {};
  return fmt::format("; M={} would have a bubble of {}", fewer->candidate.microbatches,
                     percent(fewer->bubble_fraction));
}

// Against whole sequences.
std::string against_whole(const PlanResult& result) {
  const Plan& best = result.plans.front();
  if (best.candidate.slices == 1) return {};
  const Plan* whole = first_that(result.plans, [&](const Plan& p) {
    Candidate same = p.candidate;
    same.slices = best.candidate.slices;
    return p.candidate.slices == 1 && same == best.candidate;
  });
  if (whole == nullptr) return {};
  return fmt::format("; whole sequences would have a bubble of {}",
                     percent(whole->bubble_fraction));
}

}  // namespace

std::string text_of(const Candidate& candidate, int all_ranks) {
  std::string text = candidate.schedule + " with ";
  if (candidate.virtual_stages > 1) text += fmt::format("v={}, ", candidate.virtual_stages);
  text += fmt::format("M={}", candidate.microbatches);
  if (candidate.slices > 1) text += fmt::format(", {} slices", candidate.slices);
  if (candidate.cuts_vocabulary()) text += ", the vocabulary over the pipeline";
  if (candidate.vocabulary == VocabularyPlace::kVocab1) text += " (vocab-1)";
  if (candidate.data > 1) {
    text += fmt::format(" in {} replicas of {} rank{}", candidate.data, candidate.pipeline,
                        candidate.pipeline == 1 ? "" : "s");
    if (candidate.shards_optimizer()) {
      text += " (" + name_of(kShards, candidate.shard) + " sharded)";
    }
  }
  if (candidate.tensor > 1) {
    text += fmt::format(", each stage shared by {} ranks", candidate.tensor);
  }
  if (candidate.recompute > Recompute::kCheap) {
    text += " and recompute " + name_of(kRecomputes, candidate.recompute);
  }
  if (candidate.precision != DType::kFloat32) {
    text += " in " + name_of(kPrecisions, candidate.precision);
  }
  if (candidate.ranks() != all_ranks) {
    text += fmt::format(" on {} rank{}", candidate.ranks(), candidate.ranks() == 1 ? "" : "s");
  }
  return text;
}

std::string reason(const PlanResult& result, int ranks) {
  const Plan& best = result.plans.front();
  return text_of(best.candidate, ranks) + ": " + against_schedules(result, ranks) +
         against_microbatches(result) + against_whole(result) + ".";
}

}  // namespace pipetrain
