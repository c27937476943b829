#include "schedule/provisional.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {
namespace {

// Which forwards lie in the ranks' parts, by cell().
std::vector<char> forwards_in(const Schedule& schedule, const std::vector<ProvisionalPart>& parts) {
  std::vector<char> in(cell_count(schedule));
  for (std::size_t r = 0; r < parts.size(); ++r) {
    for (std::size_t i = 0; i < parts[r].end; ++i) {
      const Action& action = schedule.ranks[r][i];
      if (action.op == Op::kForward) in[cell(schedule, action)] = 1;
    }
  }
  return in;
}

bool has_input(const Schedule& schedule, const std::vector<char>& forwards, const Action& action) {
  Action below = action;
  below.op = Op::kForward;
  return --below.stage < 0 || forwards[cell(schedule, below)] != 0;
}

// Whether it ended earlier than it did.
bool end_before_missing(const Schedule& schedule, std::vector<ProvisionalPart>& parts) {
  const std::vector<char> forwards = forwards_in(schedule, parts);
  bool moved = false;
  for (std::size_t r = 0; r < parts.size(); ++r) {
    const auto begin = schedule.ranks[r].begin(),
               end = begin + static_cast<std::ptrdiff_t>(parts[r].end);
    const auto missing = std::find_if(begin, end, [&](const Action& action) {
      return action.op == Op::kForward && !has_input(schedule, forwards, action);
    });
    moved = moved || missing != end;
    parts[r].end = static_cast<std::size_t>(missing - begin);
  }
  return moved;
}

void list_what_is_left(const Schedule& schedule, const std::vector<char>& forwards,
                       const std::vector<Action>& actions, ProvisionalPart& part) {
  const auto at_end = actions.begin() + static_cast<std::ptrdiff_t>(part.end);
  for (auto action = actions.begin(); action != at_end; ++action) {
    const bool waits =
        action->op == Op::kReceiveBackward ||
        (action->op == Op::kReceiveForward && !has_input(schedule, forwards, *action));
    if (!waits) part.again.push_back(*action);
  }
  for (auto action = actions.begin(); action != actions.end(); ++action) {
    if (action->op != Op::kReceiveForward || !has_input(schedule, forwards, *action) ||
        forwards[cell(schedule, *action)] != 0) {
      continue;
    }
    part.unread.push_back(*action);
    if (action >= at_end) part.unposted.push_back(*action);
  }
}

}  // namespace

std::vector<ProvisionalPart> provisional_parts(const Program& program) {
  const Schedule& schedule = program.actions;
  std::vector<ProvisionalPart> parts(schedule.ranks.size());
  for (std::size_t r = 0; r < parts.size(); ++r) {
    const std::vector<Action>& actions = schedule.ranks[r];
    const auto other = std::ranges::find_if(actions, [](const Action& action) {
      return is_compute(action.op) && action.op != Op::kForward;
    });
    parts[r].end = static_cast<std::size_t>(other - actions.begin());
  }
  while (end_before_missing(schedule, parts)) {
  }
  const std::vector<char> forwards = forwards_in(schedule, parts);
  for (std::size_t r = 0; r < parts.size(); ++r) {
    list_what_is_left(schedule, forwards, schedule.ranks[r], parts[r]);
  }
  return parts;
}

}  // namespace pipetrain
