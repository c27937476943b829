#include "schedule/trace/measured_step.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>

#include "base/error.h"
#include "schedule/csv.h"
#include "schedule/simulate/figures.h"
#include "schedule/walk.h"

namespace pipetrain {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A pipeline's replicas follow each other, and all run the same actions: how many have the first
// microbatch on a first stage?
int replicas_of(const Timeline& timeline) {
  const auto begins = [](const std::vector<Span>& spans) {
    return std::any_of(spans.begin(), spans.end(), [](const Span& span) {
      return span.action.op == Op::kForward && span.action.stage == 0 &&
             span.action.microbatch == 0;
    });
  };
  const auto first_ranks = std::count_if(timeline.ranks.begin(), timeline.ranks.end(), begins);
  return static_cast<int>(std::max<std::ptrdiff_t>(first_ranks, 1));
}

Timeline first_replica(const Timeline& timeline, int replicas) {
  Timeline first = timeline;
  first.ranks.resize(timeline.ranks.size() / static_cast<std::size_t>(replicas));
  return first;
}

// What one replica would do, by as many.
Timeline repeated(const Timeline& timeline, int replicas) {
  Timeline all;
  for (int r = 0; r < replicas; ++r) {
    all.ranks.insert(all.ranks.end(), timeline.ranks.begin(), timeline.ranks.end());
    all.peak_live_microbatches.insert(all.peak_live_microbatches.end(),
                                      timeline.peak_live_microbatches.begin(),
                                      timeline.peak_live_microbatches.end());
  }
  return all;
}

bool is_work(const Span& span) { return !span.waiting && is_compute(span.action.op); }

std::vector<OtherWork> longest_other_work(const TracedStep& step) {
  // Of each name the longest on any rank.
  std::vector<OtherWork> longest;
  for (const auto& works : step.other_work) {
    for (const OtherWork& work : works) {
      const auto known = std::find_if(longest.begin(), longest.end(),
                                      [&](const OtherWork& w) { return w.name == work.name; });
      if (known == longest.end()) {
        longest.push_back(work);
      } else if (work.end - work.start > known->end - known->start) {
        *known = work;
      }
    }
  }
  return longest;
}

// "3 to 12", or "3, 5, 6" where some are missing.
std::string numbers_of(const std::vector<TracedStep>& steps) {
  const int first = steps.front().step, last = steps.back().step;
  const bool all = last - first + 1 == static_cast<int>(steps.size());
  if (all && steps.size() > 2) return std::to_string(first) + " to " + std::to_string(last);
  std::string text;
  for (const TracedStep& step : steps) {
    text += (text.empty() ? "" : ", ") + std::to_string(step.step);
  }
  return text;
}

}  // namespace

double duration_of(const TracedStep& step) {
  double first = std::numeric_limits<double>::max(), last = 0;
  for_each_interval(step, [&](double start, double end) {
    first = std::min(first, start);
    last = std::max(last, end);
  });
  return std::max(0.0, last - first);
}

const TracedStep& choose_step(const std::vector<TracedStep>& steps, std::optional<int> number) {
  if (!number) {
    std::vector<const TracedStep*> order;
    for (const TracedStep& step : steps) order.push_back(&step);
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
    std::nth_element(
        order.begin(), middle, order.end(),
        [](const TracedStep* a, const TracedStep* b) { return duration_of(*a) < duration_of(*b); });
    return **middle;
  }
  const auto found = std::find_if(steps.begin(), steps.end(),
                                  [&](const TracedStep& step) { return step.step == *number; });
  if (found != steps.end()) return *found;
  throw Error(ExitCode::kConfiguration, "--step " + std::to_string(*number) +
                                            ": the trace has no such step; expected one of " +
                                            numbers_of(steps));
}

TracedStep in_units(const TracedStep& step, double seconds_per_unit) {
  TracedStep scaled = step;
  const double begin = first_start(step.timeline);
  for_each_interval(scaled, [&](double& start, double& end) {
    start = (start - begin) / seconds_per_unit;
    end = (end - begin) / seconds_per_unit;
  });
  for (auto& spans : scaled.timeline.ranks) {
    for (Span& span : spans) span.cpu /= seconds_per_unit;
  }
  return scaled;
}

// By way of the table that a user could have written: it finds placement, stages and microbatches,
// and refuses what is no schedule.
Schedule schedule_of(const Timeline& timeline, const std::string& name) {
  Schedule ran;
  for (const auto& spans : timeline.ranks) {
    ran.ranks.emplace_back();
    for (const Span& span : spans) {
      if (is_work(span) && span.action.op != Op::kRecompute) {
        ran.ranks.back().push_back(span.action);
      }
    }
  }
  try {
    return schedule_from_csv(csv_of(ran), name);
  } catch (const Error& error) {
    throw Error(ExitCode::kData, error.what(), error.detail());
  }
}

Costs mean_costs(const Timeline& timeline, const Schedule& schedule) {
  struct Mean {
    double sum = 0;
    int count = 0;
    double value() const { return count > 0 ? sum / count : 0; }
  };
  std::vector<std::map<Op, Mean>> means(static_cast<std::size_t>(schedule.stage_count()));
  std::vector<std::map<Op, Mean>> pieces(schedule.ranks.size());
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      if (!is_work(span) && span.action.op != Op::kUnshard) continue;
      auto& all = is_of_piece(span.action.op) ? pieces : means;
      Mean& mean = all[static_cast<std::size_t>(span.action.stage)][span.action.op];
      mean.sum += span.end - span.start;
      ++mean.count;
    }
  }
  Costs costs;
  for (auto& mean : means) {
    const auto of_all_slices = [&](Op op) { return mean[op].value() * schedule.slices; };
    costs.stages.push_back({of_all_slices(Op::kForward), of_all_slices(Op::kBackwardInput),
                            of_all_slices(Op::kBackwardWeight), of_all_slices(Op::kRecompute),
                            mean[Op::kUnshard].value()});
  }
  for (auto& mean : pieces) {
    costs.pieces.push_back(
        {mean[Op::kVocabularyForward].value(), mean[Op::kVocabularyBackward].value()});
  }
  return costs;
}

double median_message(const Timeline& timeline, const Schedule& schedule) {
  const std::size_t cells = cell_count(schedule);
  std::vector<double> forward_end(cells), gradient_end(cells);
  const auto end_of = [&](const Action& action) -> double& {
    auto& ends = action.op == Op::kForward ? forward_end : gradient_end;
    return ends[cell(schedule, action)];
  };
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      const bool leaves = span.action.op == Op::kForward || sends_gradient(span.action.op);
      if (!span.waiting && leaves) end_of(span.action) = span.end;
    }
  }
  std::vector<double> times;
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    for (const Span& span : timeline.ranks[static_cast<std::size_t>(rank)]) {
      if (!span.waiting || span.action.stage >= schedule.stage_count() ||
          span.action.microbatch >= schedule.microbatches || span.action.slice >= schedule.slices) {
        continue;
      }
      for_each_needed(schedule, span.action, [&](const Action& needed) {
        if (is_of_piece(needed.op) || rank_of(schedule, needed) == rank) return;
        const double sent = end_of(needed);
        if (sent > span.start) times.push_back(span.end - sent);
      });
    }
  }
  return median(std::move(times));
}

StepComparison compare(const TracedStep& step, const std::string& name) {
  const bool long_step = duration_of(step) >= 1;
  StepComparison both{long_step ? "s" : "ms", in_units(step, long_step ? 1 : 1e-3), {}};
  const Timeline& measured = both.measured.timeline;
  const int replicas = replicas_of(measured);
  const Timeline first = first_replica(measured, replicas);
  const Schedule schedule = schedule_of(first, name + ", step " + std::to_string(step.step));
  both.predicted = repeated(simulate(schedule, mean_costs(first, schedule)), replicas);
  both.message = median_message(first, schedule);
  return both;
}

std::string StepComparison::measured_note() const {
  std::string text = "whole step " + short_number(duration_of(measured)) + " " + time_unit;
  std::string separator = ", besides actions and waits ";
  for (const OtherWork& work : longest_other_work(measured)) {
    text += separator + work.name + " " + short_number(work.end - work.start) + " " + time_unit;
    separator = ", ";
  }
  return text + " (of the slowest rank)";
}

std::string StepComparison::predicted_note() const {
  return "mean measured times of each stage, messages free (measured: " + short_number(message) +
         " " + time_unit + ", median)";
}

}  // namespace pipetrain
