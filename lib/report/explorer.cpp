#include "report/explorer.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/table.h"
#include "report/page.h"
#include "schedule/generate/generate.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRanks[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16};
constexpr int kMicrobatches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 32};
constexpr int kStages[] = {1, 2, 3, 4};  // per rank
// Of schedules of slices fewer sizes, or the page would be too large.
constexpr int kSlices[] = {1, 2, 4, 8};
constexpr int kSlicedRanks[] = {2, 4, 8}, kSlicedMicrobatches[] = {1, 2, 3, 4, 8};
constexpr int kMostRanks = 36;              // digits and letters
constexpr std::size_t kMostShown = 60'000;  // a page of some megabyte that a browser still draws

std::optional<std::size_t> kind_number(Op op) {
  switch (op) {
    case Op::kForward: return 0;
    case Op::kBackwardInput: return 1;
    case Op::kBackwardWeight: return 2;
    case Op::kBackward: return 3;
    default: return std::nullopt;
  }
}

// How each kind of action takes the microbatches of each stage: in ascending order, backwards too,
// or those from the last one down; or in slices, where backwards take the last of each first.
enum class ListOrder : char { kAscending = 'a', kDown = 'd', kSliced = 's' };

// The action of its kind and stage that has so many before it.
Action nth(Action action, int count, ListOrder order, int microbatches, int slices) {
  const bool backward = action.op != Op::kForward;
  const int slice = count % slices;
  action.slice = backward ? slices - 1 - slice : slice;
  const bool down = backward && order == ListOrder::kDown;
  action.microbatch = down ? microbatches - 1 - count : count / slices;
  return action;
}

// Letters, if the actions are in this order.
std::optional<std::string> letters_of(const std::vector<Action>& actions,
                                      const std::vector<int>& own, int microbatches, int slices,
                                      ListOrder order) {
  std::map<char, int> counts;
  std::string text(1, static_cast<char>(order));
  for (const Action& action : actions) {
    const auto kind = kind_number(action.op);
    const auto place = std::ranges::find(own, action.stage) - own.begin();
    if (!kind) return std::nullopt;
    const std::size_t number = *kind * own.size() + static_cast<std::size_t>(place);
    if (number >= 26) return std::nullopt;
    const char letter = static_cast<char>('A' + number);
    if (action != nth(action, counts[letter]++, order, microbatches, slices)) return std::nullopt;
    text += letter;
  }
  return text;
}

std::string lists_of(const Schedule& schedule) {
  std::string text;
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    const std::vector<int>& own = schedule.placement.stages_of(rank);
    text += (rank == 0 ? "" : "|") + list_text(schedule.ranks[static_cast<std::size_t>(rank)], own,
                                               schedule.microbatches, schedule.slices);
  }
  return text;
}

// "0123", of two copies of every stage "0123-3210".
std::string places_of(const Schedule& schedule) {
  std::string text;
  for (int copy = 0; copy < schedule.placement.copies(); ++copy) {
    if (copy > 0) text += '-';
    for (int stage = 0; stage < schedule.stage_count(); ++stage) {
      const int rank = schedule.placement.rank_of(stage, copy);
      text += static_cast<char>(rank < 10 ? '0' + rank : 'a' + rank - 10);
    }
  }
  return text;
}

// Adds it to the lists of its name: {"4.1": {"at": "0123", "lists": {"8": "aAAB...|..."}}}, in two
// slices as "8.2".
void add_lists(Json& of_name, const Schedule& schedule) {
  Json& entry = of_name[std::to_string(schedule.rank_count()) + "." +
                        std::to_string(schedule.virtual_stages())];
  entry["at"] = places_of(schedule);
  std::string sizes = std::to_string(schedule.microbatches);
  if (schedule.slices > 1) sizes += "." + std::to_string(schedule.slices);
  entry["lists"][sizes] = lists_of(schedule);
}

void add_sliced(Json& of_name, const ScheduleKind& kind) {
  for (const int p : kSlicedRanks) {
    for (const int m : kSlicedMicrobatches) {
      for (const int n : kSlices) {
        if (n > 1) add_lists(of_name, generate(kind.name, p, kind.default_virtual_stages, m, n));
      }
    }
  }
}

Json words_of(const ScheduleKind& kind) {
  return {{"name", kind.name},
          {"idea", kind.description},
          {"paper", kind.source},
          {"stages", kind.default_virtual_stages}};
}

std::string page_of(const Json& data) {
  return html_page({.title = data.at("title").get<std::string>(),
                    .styles = {"explorer.css"},
                    .scripts = {"replay.js", "moves.js", "strips.js", "explorer.js"}},
                   data);
}

}  // namespace

std::string list_text(const std::vector<Action>& actions, const std::vector<int>& own,
                      int microbatches, int slices) {
  for (const ListOrder order : {ListOrder::kAscending, ListOrder::kDown, ListOrder::kSliced}) {
    if ((order == ListOrder::kSliced) != (slices > 1)) continue;
    if (const auto text = letters_of(actions, own, microbatches, slices, order)) return *text;
  }
  std::string text = "x";
  for (const Action& action : actions) {
    text += (text.size() == 1 ? "" : ",") + text_of(action);
  }
  return text;
}

std::string explorer_page() {
  Json data = {{"title", "Pipeline schedules to play with"},
               {"start", {{"s", "1f1b"}, {"p", 4}, {"m", 8}, {"v", 2}, {"n", 1}}},
               {"ranks", kRanks},
               {"microbatches", kMicrobatches},
               {"stages", kStages},
               {"slices", kSlices},
               {"schedules", Json::array()},
               {"lists", Json::object()}};
  for (const ScheduleKind& kind : schedule_kinds()) {
    data["schedules"].push_back(words_of(kind));
    Json& of_name = data["lists"][std::string(kind.name)];
    for (const int p : kRanks) {
      for (const int v : kStages) {
        for (const int m : kMicrobatches) {
          if (!why_not(kind.name, p, v, m)) add_lists(of_name, generate(kind.name, p, v, m));
        }
      }
    }
    if (kind.takes_slices) add_sliced(of_name, kind);
  }
  return page_of(data);
}

std::string schedule_page(const std::string& name, const Schedule& schedule,
                          const GivenCosts& costs, bool recompute) {
  const auto refuse = [&](const std::string& what, const std::string& expected) {
    throw Error(ExitCode::kConfiguration,
                "schedule " + name + ": " + what + "; a page shows " + expected);
  };
  if (schedule.rank_count() > kMostRanks || schedule.action_count() > kMostShown) {
    refuse("found " + std::to_string(schedule.rank_count()) + " ranks and " +
               std::to_string(schedule.action_count()) + " actions",
           "at most 36 ranks and 60000 actions");
  }
  for (const auto& actions : schedule.ranks) {
    for (const Action& action : actions) {
      if (!kind_number(action.op)) refuse("found " + text_of(action), "F, I, W and B alone");
    }
  }
  const ScheduleKind* kind = find_row(schedule_kinds(), name);
  const int p = schedule.rank_count(), v = schedule.virtual_stages(), m = schedule.microbatches;
  const int n = schedule.slices;
  Json words = kind != nullptr
                   ? words_of(*kind)
                   : Json{{"name", name}, {"idea", "A schedule of its own."}, {"stages", v}};
  Json data = {{"title", "The schedule " + name},
               {"start", {{"s", name}, {"p", p}, {"m", m}, {"v", v}, {"n", n}}},
               {"ranks", {p}},
               {"microbatches", {m}},
               {"stages", {v}},
               {"slices", {n}},
               {"schedules", Json::array({std::move(words)})},
               {"lists", Json::object()}};
  add_lists(data["lists"][name], schedule);
  const std::pair<const char*, double> begin[] = {{"f", costs.rank_share.forward},
                                                  {"i", costs.rank_share.backward_input},
                                                  {"w", costs.rank_share.backward_weight},
                                                  {"c", costs.message}};
  for (const auto& [key, cost] : begin) data["start"][key] = cost;
  data["start"]["r"] = recompute ? 1 : 0;
  for (const StageCost& stage : costs.stages) {
    data["stageCosts"].push_back(
        {{"F", stage.forward}, {"I", stage.backward_input}, {"W", stage.backward_weight}});
  }
  return page_of(data);
}

}  // namespace pipetrain
