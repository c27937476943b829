#include "schedule/choose/describe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "base/table.h"
#include "schedule/generate/generate.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/simulate/figures.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/network_text.h"

namespace pipetrain {
namespace {

std::string counted(int count, const std::string& one, const std::string& more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

// "2 stages each in a V, "; nothing where a rank has one stage in their order.
std::string placement_text(const Placement& placement) {
  const std::string form = placement.name();
  const int v = placement.most_stages();
  if (placement.copies() > 1) {
    return "two copies of each stage, in opposite directions, " +
           placement_text(placement.one_way());
  }
  if (form.starts_with('[')) return "stages placed " + form + ", ";
  if (v == 1) return "";
  if (placement.rank_count() == 1) return std::to_string(v) + " stages, ";
  return std::to_string(v) + " stages each in a " + (form == "v" ? "V" : form) + ", ";
}

std::string costs_text(const GivenCosts& costs, bool vocabulary) {
  std::string text;
  if (costs.stages.empty()) {
    const StageCost& share = costs.rank_share;
    text = "a rank's F, I, W cost " + short_number(share.forward) + ", " +
           short_number(share.backward_input) + ", " + short_number(share.backward_weight);
  } else {
    text = "costs of each stage from " + costs.stages_from;
  }
  if (vocabulary) {
    text += ", its S, T " + short_number(costs.piece.forward) + ", " +
            short_number(costs.piece.backward);
  }
  if (costs.message > 0) text += ", a message " + short_number(costs.message);
  return text + network_words(costs.network.get());
}

double most_live(const Timeline& timeline) {
  return *std::ranges::max_element(timeline.peak_live_microbatches);
}

bool is_even(const Costs& costs) {
  const double one = costs.stages.front().forward;
  const auto same = [&](double cost) { return std::abs(cost - one) <= 1e-9 * one; };
  return std::ranges::all_of(costs.stages, [&](const StageCost& stage) {
    return same(stage.forward) && same(stage.backward_input) && same(stage.backward_weight);
  });
}

// Why the efficiency of what runs is above the textbook's M / (M + S - 1).
std::string efficiency_note(const Timeline& run, const Timeline& drawn) {
  return "efficiency " + percent(1 - run.bubble_fraction()) + " as it runs, " +
         percent(1 - drawn.bubble_fraction()) +
         " with B as one action, as textbooks count: here a B sends its input gradient before it "
         "does the weights, so the ranks above wait less";
}

std::string bound_note(const Schedule& schedule, const Costs& costs, const AutoOptions& search) {
  const double least = least_makespan(schedule.rank_count(), schedule.microbatches, costs, search,
                                      simulate(schedule, costs).makespan());
  return "no schedule of these stages in this memory has a makespan below " + short_number(least);
}

}  // namespace

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f%%", 100 * share);
  return text.data();
}

std::string better_than_tuned(const std::string& name, const Schedule& schedule,
                              const GivenCosts& given) {
  const ScheduleKind* kind = find_row(schedule_kinds(), name);
  if (kind == nullptr || kind->tuned_for == nullptr || schedule.cuts_vocabulary()) return "";
  const int ranks = schedule.rank_count();
  const Costs costs = at_rank_speeds(given.on(schedule.placement), schedule.placement);
  if (is_even(costs)) return "";
  const Timeline own = simulate(schedule, costs);
  std::string best;
  double least = own.makespan() * (1 - 1e-9);
  for (const std::string& other : schedule_names()) {
    for (const int v : {1, 2}) {
      if (why_not(other, ranks, v, schedule.microbatches)) continue;
      const Schedule made = generate(other, ranks, v, schedule.microbatches);
      if (made.placement.copies() > 1 || !given.fit(made.stage_count())) continue;
      const Timeline timeline = simulate(made, given.on(made.placement));
      if (most_live(timeline) > most_live(own) + 1e-9 || timeline.makespan() >= least) continue;
      least = timeline.makespan();
      best = other;
    }
  }
  if (best.empty()) return "";
  return name + " is made for " + kind->tuned_for + ": at these costs " + best +
         " is faster in no more memory, makespan " + short_number(least) + " against " +
         short_number(own.makespan());
}

std::string wrapped(const std::string& text, std::size_t columns) {
  std::istringstream words(text);
  std::string lines, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > columns) {
      lines += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? lines : lines + line + "\n";
}

Description describe(const std::string& name, const Schedule& schedule, const GivenCosts& given,
                     const AutoOptions& search) {
  Description words;
  words.title = name + ": " + counted(schedule.rank_count(), "rank", "ranks") + ", ";
  words.title += placement_text(schedule.placement);
  words.title += counted(schedule.microbatches, "microbatch", "microbatches");
  if (schedule.slices > 1) words.title += " in " + std::to_string(schedule.slices) + " slices";
  if (schedule.cuts_vocabulary()) words.title += ", the vocabulary over all ranks";
  if (schedule.has_two_barriers()) words.title += " (vocab-1)";
  words.remark = costs_text(given, schedule.cuts_vocabulary());
  const Costs costs = given.on(schedule.placement);
  const Timeline run = simulate(schedule, costs, BackwardSends::kGradientsFirst);
  const Timeline drawn = simulate(schedule, costs, BackwardSends::kAfterBackward);
  if (drawn.makespan() != run.makespan()) {
    words.remark += "; B as one action: " + headline(drawn, "");
    words.notes.push_back(efficiency_note(run, drawn));
  }
  if (name == kSearchedSchedule) words.notes.push_back(bound_note(schedule, costs, search));
  const std::string better = better_than_tuned(name, schedule, given);
  if (!better.empty()) words.notes.push_back(better);
  return words;
}

}  // namespace pipetrain
