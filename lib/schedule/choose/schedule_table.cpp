#include "schedule/choose/schedule_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/markdown.h"
#include "base/table.h"
#include "schedule/choose/describe.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/simulate/figures.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {
namespace {

std::string source_of(const std::string& name) {
  if (name == kSearchedSchedule) return "searched here";
  const ScheduleKind* kind = find_row(schedule_kinds(), name);
  return kind == nullptr ? "" : kind->source;
}

int messages_of(const Schedule& schedule) {
  int count = 0;
  const std::vector<std::vector<Action>> ranks = lower(schedule).ranks;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    count += static_cast<int>(std::ranges::count_if(ranks[rank], [&](const Action& action) {
      if (action.op != Op::kSendForward && action.op != Op::kSendBackward) return false;
      const bool to_pieces =
          action.op == Op::kSendForward && action.stage + 1 == schedule.stage_count();
      if (to_pieces) return false;
      const int to = action.stage + (action.op == Op::kSendForward ? 1 : -1);
      return rank_of_stage(schedule, to, action.microbatch) != static_cast<int>(rank);
    }));
  }
  // To and from each piece of the vocabulary but the last stage's own: activations, what S or T
  // makes of them, and the totals; or in their place each piece's statistics to all others.
  if (schedule.cuts_vocabulary()) {
    const int others = schedule.rank_count() - 1;
    const int totals = schedule.has_two_barriers() ? schedule.rank_count() * others : others;
    count += (2 * others + totals) * schedule.microbatches;
  }
  return count;
}

ScheduleRow row_of(const ScheduleRequest& all, const ListedSchedule& listed,
                   const GivenCosts& given) {
  const ScheduleRequest request = request_of_one(all, listed.name);
  ScheduleRow row{.name = request.name,
                  .idea = std::string(listed.description),
                  .source = source_of(request.name)};
  if (const auto reason = why_not(request)) {
    row.missing = *reason;
    return row;
  }
  const int stages = choose_without_costs(request).stage_count();
  if (!given.fit(stages)) {
    row.missing = "schedule " + row.name + " has " + std::to_string(stages) + " stages, not the " +
                  std::to_string(given.stages.size()) + " of " + given.stages_from;
    return row;
  }
  const Schedule schedule = choose(request, given);
  const Timeline run = simulate(schedule, given.on(schedule.placement));
  row.virtual_stages = schedule.virtual_stages();
  row.makespan = run.makespan();
  row.bubble = run.bubble_fraction();
  row.live = *std::ranges::max_element(run.peak_live_microbatches);
  row.messages = messages_of(schedule);
  return row;
}

}  // namespace

std::vector<ScheduleRow> schedule_table(const ScheduleRequest& request, const GivenCosts& costs) {
  if (request.ranks < 1 || request.microbatches < 1) {
    throw Error(ExitCode::kConfiguration,
                "schedule all: the numbers of ranks and microbatches are missing; give both");
  }
  std::vector<ScheduleRow> rows;
  for (const ListedSchedule& listed : listed_schedules()) {
    rows.push_back(row_of(request, listed, costs));
  }
  return rows;
}

std::string table_text(const std::vector<ScheduleRow>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::string missing;
  for (const ScheduleRow& row : rows) {
    if (!row.missing.empty()) {
      missing.append("\n").append(row.missing).append("\n");
      continue;
    }
    cells.push_back({code(row.name), std::to_string(row.virtual_stages), percent(row.bubble),
                     short_number(row.makespan), short_number(row.live),
                     std::to_string(row.messages), row.source});
  }
  return markdown_table({"schedule", "stages per rank", "bubble", "makespan",
                         "most live microbatches", "messages", "source"},
                        cells) +
         missing;
}

nlohmann::ordered_json table_json(const std::vector<ScheduleRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ScheduleRow& row : rows) {
    nlohmann::ordered_json json{{"name", row.name}, {"idea", row.idea}, {"source", row.source}};
    if (row.missing.empty()) {
      json["virtual_stages"] = row.virtual_stages;
      json["makespan_gradients_first"] = row.makespan;
      json["bubble_fraction_gradients_first"] = row.bubble;
      json["peak_live_microbatches"] = row.live;
      json["messages"] = row.messages;
    } else {
      json["missing"] = row.missing;
    }
    list.push_back(std::move(json));
  }
  return {{"schedules", list}};
}

}  // namespace pipetrain
