#include "schedule/message_bounds.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/index.h"
#include "schedule/walk.h"

namespace pipetrain {
namespace {

// Vector clocks (Fidge 1988, Mattern 1989): how many actions of each rank must have run before
// something happens.
class Clocks {
 public:
  explicit Clocks(const Schedule& schedule) : schedule_(schedule) {
    const std::size_t cells = cell_count(schedule);
    for (auto& consumers : consumed_at_) consumers.resize(cells);
    for (auto& results : result_clocks_) results.resize(cells * schedule.ranks.size());
    now_.assign(schedule.ranks.size(), std::vector<int>(schedule.ranks.size(), 0));
    under_way_.resize(schedule.ranks.size());
    bounds_.resize(schedule.ranks.size());
    for (const auto& actions : schedule.ranks) {
      for (std::size_t i = 0; i < actions.size(); ++i) {
        if (is_of_piece(actions[i].op)) continue;
        for_each_needed(schedule, actions[i], [&](const Action& needed) {
          if (is_of_piece(needed.op)) return;
          consumed_at_[channel(needed.op)][at(needed)] = static_cast<int>(i);
        });
      }
    }
  }

  void visit(int rank, int position) {
    const Action& action = schedule_.ranks[index(rank)][index(position)];
    std::vector<int>& now = now_[index(rank)];
    for_each_needed(schedule_, action, [&](const Action& needed) {
      if (is_of_piece(needed.op)) return;
      const int* result = result_clock(needed);
      for (std::size_t r = 0; r < now.size(); ++r) now[r] = std::max(now[r], result[r]);
    });
    now[index(rank)] = position + 1;
    if (action.op == Op::kForward || action.op == Op::kBackwardInput) {
      std::copy(now.begin(), now.end(), result_clock(action));
    } else if (action.op == Op::kSendForward && action.stage + 1 < schedule_.stage_count()) {
      send(rank, action.as(Op::kForward), action.stage + 1);
    } else if (action.op == Op::kSendBackward) {
      send(rank, action.as(Op::kBackwardInput), action.stage - 1);
    }
  }

  const std::vector<MessageBound>& bounds() const { return bounds_; }

 private:
  struct Message {
    int receiver, consumed_at;  // the position of the action that consumes it
  };

  static std::size_t channel(Op op) { return op == Op::kForward ? 0 : 1; }
  std::size_t at(const Action& action) const { return cell(schedule_, action); }
  int* result_clock(const Action& action) {
    return result_clocks_[channel(action.op)].data() + at(action) * schedule_.ranks.size();
  }

  void send(int rank, const Action& result, int to_stage) {
    const int receiver = rank_of_stage(schedule_, to_stage, result.microbatch);
    if (receiver == rank) return;
    const std::vector<int>& now = now_[index(rank)];
    auto& messages = under_way_[index(rank)][channel(result.op)];
    std::erase_if(messages, [&](const Message& message) {
      return message.consumed_at < now[index(message.receiver)];
    });
    messages.push_back({receiver, consumed_at_[channel(result.op)][at(result)]});
    MessageBound& bound = bounds_[index(rank)];
    int& most = result.op == Op::kForward ? bound.forward : bound.backward;
    most = std::max(most, static_cast<int>(messages.size()));
  }

  const Schedule& schedule_;
  std::array<std::vector<int>, 2> consumed_at_;    // per channel and cell
  std::array<std::vector<int>, 2> result_clocks_;  // per channel, cell and rank
  std::vector<std::vector<int>> now_;              // per rank: its clock
  std::vector<std::array<std::vector<Message>, 2>> under_way_;
  std::vector<MessageBound> bounds_;
};

}  // namespace

std::vector<MessageBound> max_outstanding_sends(const Schedule& lowered) {
  Clocks clocks(lowered);
  walk(lowered,
       [&](int rank, std::size_t position) { clocks.visit(rank, static_cast<int>(position)); });
  return clocks.bounds();
}

}  // namespace pipetrain
