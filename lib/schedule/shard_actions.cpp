#include "schedule/shard_actions.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace pipetrain {
namespace {

constexpr int kNone = -1;

// One rank's list: what it has gathered at each point.
class Gathering {
 public:
  explicit Gathering(const std::vector<Action>& actions) : actions_(actions) {
    next_.resize(actions.size(), kNone);
    int after = kNone, other = kNone;  // the stage used next, and the one that follows it
    for (std::size_t i = actions.size(); i-- > 0;) {
      if (!is_compute(actions[i].op)) continue;
      const int stage = actions[i].stage;
      if (stage != after) other = std::exchange(after, stage);
      next_[i] = other;
      last_use_.try_emplace(stage, i);
    }
  }

  std::vector<Action> listed() {
    int in_use = kNone;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      const Action& action = actions_[i];
      const bool uses = is_compute(action.op);
      if (uses && action.stage != in_use) {
        in_use = action.stage;
        make_room(in_use, next_[i]);
        gather(in_use);
        if (next_[i] != kNone) gather(next_[i]);
      }
      made_.push_back(action);
      if (uses && last_use_.at(action.stage) == i) drop(action.stage);
    }
    return std::move(made_);
  }

 private:
  bool has(int stage) const {
    return std::find(gathered_.begin(), gathered_.end(), stage) != gathered_.end();
  }
  void gather(int stage) {
    if (has(stage)) return;
    made_.push_back({Op::kUnshard, stage, 0});
    gathered_.push_back(stage);
  }
  void drop(int stage) {
    made_.push_back({Op::kReshard, stage, 0});
    std::erase(gathered_, stage);
  }
  void make_room(int in_use, int next) {
    const std::vector<int> all = gathered_;
    for (const int stage : all) {
      if (stage != in_use && stage != next) drop(stage);
    }
  }

  const std::vector<Action>& actions_;
  std::vector<int> next_;  // at each use the next stage that is another one
  std::map<int, std::size_t> last_use_;
  std::vector<int> gathered_;
  std::vector<Action> made_;
};

}  // namespace

Schedule add_shard_actions(const Schedule& schedule) {
  Schedule sharded = schedule;
  for (std::size_t r = 0; r < schedule.ranks.size(); ++r) {
    sharded.ranks[r] = Gathering(schedule.ranks[r]).listed();
  }
  return sharded;
}

}  // namespace pipetrain
