#include "schedule/choose/schedule_request.h"

#include <algorithm>

#include "base/error.h"
#include "schedule/csv.h"
#include "schedule/search/vocabulary.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

using Reason = std::optional<std::string>;

void refuse(const Reason& reason) {
  if (reason) throw Error(ExitCode::kConfiguration, *reason);
}

Reason limit_without_search(const ScheduleRequest& request) {
  if (request.search.live_microbatches == 0 || request.is_searched()) return std::nullopt;
  return "schedule " + request.name +
         ": a limit on live microbatches (--live-microbatches, or pipeline.live_microbatches) is "
         "for schedule auto alone; leave it out";
}

// Schedule auto alone searches placements.
Reason placement_without_search(const ScheduleRequest& request) {
  if (request.placement.rule != PlacementRule::kAuto || request.is_searched()) return std::nullopt;
  return "schedule " + request.name +
         ": placement auto is searched for together with schedule auto alone; take that (--name "
         "auto, --schedule auto or pipeline.schedule: auto), or name one: own, loop, v or wave";
}

// A table places its stages itself.
Reason other_placement(const ScheduleRequest& request, const Schedule& table) {
  if (const Reason reason = placement_without_search(request)) return reason;
  const int p = table.rank_count(), v = table.virtual_stages();
  if (request.placement.is_open()) return std::nullopt;
  if (!why_no_placement(request.placement, p, v) &&
      placement_of(request.placement, p, v) == table.placement) {
    return std::nullopt;
  }
  return request.name + " places its stages itself (" + table.placement.name() +
         "); leave the placement out, or take another table";
}

// A table says its own sizes; what is asked for beside it must be the same.
Reason other_sizes(const ScheduleRequest& request, const Schedule& table) {
  const auto other = [&](int found, int asked, const std::string& what,
                         const std::string& setting) -> Reason {
    if (asked == 0 || asked == found) return std::nullopt;
    return request.name + " is a schedule for " + std::to_string(found) + " " + what + ", but " +
           std::to_string(asked) + " are asked for; leave them out or ask for " +
           std::to_string(found) + " " + setting + ", or take another table";
  };
  Reason reason = other(table.rank_count(), request.ranks, "ranks", "ranks");
  if (!reason) {
    reason =
        other(table.virtual_stages(), request.virtual_stages, "stages per rank", "virtual stages");
  }
  if (!reason) {
    reason = other(table.microbatches, request.microbatches, "microbatches", "microbatches");
  }
  if (!reason) reason = other(table.slices, request.slices, "slices", "slices");
  if (!reason && request.vocabulary.value_or(table.vocabulary) != table.vocabulary) {
    const bool both = table.cuts_vocabulary() && request.cuts_vocabulary();
    reason = request.name + (table.cuts_vocabulary() ? " has" : " lacks") +
             " the actions S and T of a vocabulary over the pipeline" +
             (both ? ", in another order" : "") + "; set pipeline.vocabulary (--vocabulary) to " +
             name_of(kVocabularyPlaces, table.vocabulary) + ", or take another table";
  }
  return reason ? reason : other_placement(request, table);
}

// Why there is none of these sizes, all of which are settled.
Reason why_not_sizes(const ScheduleRequest& request) {
  const int p = request.ranks, v = request.virtual_stages, m = request.microbatches,
            n = request.slices;
  if (const Reason reason = why_no_placement(request.placement, p, v)) {
    return "schedule " + request.name + ": " + *reason;
  }
  const std::optional<Placement> placement = placement_of(request.placement, p, v);
  if (request.is_searched() || request.forward_only) {
    if (Reason reason = why_no_slices(request.name, n)) return reason;
  }
  if (request.cuts_vocabulary() && !request.forward_only) {
    if (auto reason = why_no_vocabulary(request.name)) return reason;
    if (auto reason = why_not_together(n, /*copies=*/1, /*vocabulary=*/true)) {
      return "schedule " + request.name + ": " + *reason;
    }
  }
  if (request.is_searched()) {
    AutoOptions options = request.search;
    options.placement = placement;
    return why_no_search(p, m, placement ? placement->stage_count() : p * v, options);
  }
  if (const Reason reason = placement_without_search(request)) return reason;
  if (request.forward_only) return std::nullopt;
  return placement ? why_not(request.name, *placement, m, n) : why_not(request.name, p, v, m, n);
}

// Of those up to the usual number the largest that the schedule takes; if it takes none, the usual
// number, so that the reason says what would do.
int fitting_microbatches(ScheduleRequest request) {
  const int most = request.microbatches;
  for (; request.microbatches > 1; --request.microbatches) {
    if (!why_not_sizes(request)) return request.microbatches;
  }
  return most;
}

// Settles what a request by name leaves open, or says why there is no such schedule.
Reason settle(ScheduleRequest& request) {
  if (const Reason reason = limit_without_search(request)) return reason;
  const bool published = !request.is_searched() && !request.forward_only;
  if (published) {
    if (const Reason reason = why_unknown(request.name)) return reason;
  }
  int& v = request.virtual_stages;
  if (v == 0) v = stages_per_rank(request.placement);
  if (v == 0) v = published ? default_virtual_stages(request.name) : 1;
  int& n = request.slices;
  n = std::max(n, 1);
  int& m = request.microbatches;
  const bool open = m == 0 && request.most_microbatches > 0;
  if (request.ranks < 1 || (m < 1 && !open)) {
    return "schedule " + request.name +
           ": the numbers of ranks and microbatches are missing; give both";
  }
  const auto too_many = [&] { return too_many_actions(request.name, request.ranks, v, m, n); };
  if (open) m = 1;  // before there are more stages than can be counted
  if (const Reason reason = too_many()) return reason;
  if (open) {
    const int usual = request.usual_microbatches;
    m = std::min(usual > 0 ? usual : 4 * request.ranks * v, request.most_microbatches);
    if (const Reason reason = too_many()) return reason;
    m = fitting_microbatches(request);
  }
  return why_not_sizes(request);
}

Schedule read_table_for(const ScheduleRequest& request) {
  refuse(limit_without_search(request));
  Schedule table = read_csv_schedule(request.name, request.ranks);
  refuse(other_sizes(request, table));
  return table;
}

}  // namespace

ScheduleRequest request_of_one(ScheduleRequest all, std::string_view name) {
  all.name = name;
  if (all.is_searched()) return all;
  all.search = {};
  if (all.placement.rule == PlacementRule::kAuto) all.placement = {};
  return all;
}

Reason why_not(const ScheduleRequest& request) {
  if (request.is_table()) {
    const Reason reason = limit_without_search(request);
    return reason ? reason : other_sizes(request, read_csv_schedule(request.name));
  }
  ScheduleRequest settled = request;
  return settle(settled);
}

Schedule choose_without_costs(const ScheduleRequest& request) {
  if (request.is_table()) return read_table_for(request);
  ScheduleRequest settled = request;
  refuse(settle(settled));
  const int p = settled.ranks, v = settled.virtual_stages, m = settled.microbatches,
            n = settled.slices;
  const std::optional<Placement> asked = placement_of(request.placement, p, v);
  const Placement placement = asked.value_or(Placement::loop(p, v));
  if (request.is_searched()) {
    return {.placement = placement, .microbatches = m, .vocabulary = request.vocabulary_place()};
  }
  if (request.forward_only) {
    return generate_forward_only(placement, m, /*stage_by_stage=*/false,
                                 request.vocabulary_place());
  }
  Schedule schedule =
      asked ? generate(request.name, *asked, m, n) : generate(request.name, p, v, m, n);
  if (request.cuts_vocabulary()) {
    schedule = with_vocabulary(schedule, request.vocabulary_place());
  }
  validate(schedule);
  return schedule;
}

AutoOptions search_options(const ScheduleRequest& request, const Schedule& sizes) {
  AutoOptions options = request.search;
  options.vocabulary = request.vocabulary_place();
  const bool searches = request.placement.rule == PlacementRule::kAuto;
  options.any_placement = searches && sizes.ranks.empty();
  if (!request.placement.is_open() || (searches && !options.any_placement)) {
    options.placement = sizes.placement;
  }
  return options;
}

Schedule choose(const ScheduleRequest& request, const GivenCosts& costs) {
  Schedule known = choose_without_costs(request);
  if (!known.ranks.empty()) return known;
  Schedule searched = auto_schedule(request.ranks, known.microbatches, costs.on(known.placement),
                                    search_options(request, known));
  validate(searched);
  return searched;
}

std::vector<ListedSchedule> listed_schedules() {
  std::vector<ListedSchedule> all;
  for (const ScheduleKind& kind : schedule_kinds()) {
    all.push_back({kind.name, kind.description, kind.default_virtual_stages});
  }
  all.push_back(
      {kSearchedSchedule, "Searched for the measured times, within a limit on live microbatches."});
  return all;
}

}  // namespace pipetrain
