#include "schedule/embedding_actions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>

#include "base/index.h"
#include "schedule/neighbours.h"
#include "schedule/walk.h"

namespace pipetrain {
namespace {

// When each action of a lowered schedule starts if compute actions all take 1.
class Clock {
 public:
  explicit Clock(const Schedule& schedule) : schedule_(schedule), free_(schedule.ranks.size()) {
    for (auto& of_kind : ends_) of_kind.resize(cell_count(schedule));
    for (const auto& actions : schedule.ranks) starts_.emplace_back(actions.size());
    walk(schedule, [this](int rank, std::size_t position) { visit(index(rank), position); });
  }

  int start(std::size_t rank, std::size_t position) const { return starts_[rank][position]; }

 private:
  static std::size_t kind(Op op) {
    if (op == Op::kForward) return 0;
    if (op == Op::kBackwardInput) return 1;
    return op == Op::kVocabularyForward ? 2 : 3;
  }
  int& end_of(const Action& action) { return ends_[kind(action.op)][cell(schedule_, action)]; }

  void visit(std::size_t rank, std::size_t position) {
    const auto& actions = schedule_.ranks[rank];
    const Action& action = actions[position];
    int& free = free_[rank];
    // What runs as one with the action before starts with it.
    const bool joined = position > 0 && is_joined(actions, position - 1);
    for_each_needed(schedule_, action,
                    [&](const Action& needed) { free = std::max(free, end_of(needed)); });
    starts_[rank][position] = joined ? starts_[rank][position - 1] : free;
    if (!is_compute(action.op)) return;
    ++free;
    const bool needed_elsewhere =
        action.op == Op::kForward || action.op == Op::kBackwardInput || is_of_piece(action.op);
    if (needed_elsewhere) end_of(action) = free;
  }

  const Schedule& schedule_;
  std::vector<int> free_;
  std::array<std::vector<int>, 4> ends_;  // of F, I, S and T, by cell()
  std::vector<std::vector<int>> starts_;
};

struct Timed {
  int when = 0;
  int microbatch = 0;
};

// The first stage's actions of this kind.
std::vector<Timed> of_first_stage(const Schedule& schedule, const Clock& clock, Op op) {
  std::vector<Timed> found;
  const auto rank = index(schedule.placement.rank_of(0));
  const auto& actions = schedule.ranks[rank];
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (actions[i].op != op || actions[i].stage != 0) continue;
    found.push_back({clock.start(rank, i), actions[i].microbatch});
  }
  return found;
}

// From one place of the chain to the next: real actions do not all take as long, and no rank should
// wait for rows.
constexpr int kApart = 2;

struct Put {
  int when = 0;
  Action action;
};

// `ops` of these times, and receives for them one ahead.
void put(const std::vector<Timed>& times, int place, Op op, std::optional<Op> receive,
         std::vector<Put>& puts) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    const int when = times[i].when;
    if (receive && i == 0) puts.push_back({when, {*receive, place, times[0].microbatch}});
    if (receive && i + 1 < times.size()) {
      puts.push_back({when, {*receive, place, times[i + 1].microbatch}});
    }
    puts.push_back({when, {op, place, times[i].microbatch}});
  }
}

// Those of a place `hop` along the chain, in the order of time.
std::vector<Put> puts_of(int place, int hop, bool last, std::vector<Timed> forwards,
                         std::vector<Timed> gradients) {
  for (Timed& each : forwards) each.when -= kApart * hop;
  // Gradients of the weights are added in ascending order, whatever order the I have.
  std::ranges::sort(gradients, {}, &Timed::microbatch);
  int latest = 0;
  for (Timed& each : gradients) {
    latest = std::max(latest, each.when + 1 + kApart * hop);
    each.when = latest;
  }
  const auto only_if = [](bool comes, Op op) { return comes ? std::optional(op) : std::nullopt; };
  std::vector<Put> puts;
  put(forwards, place, Op::kEmbeddingForward, only_if(!last, Op::kReceiveEmbeddingForward), puts);
  put(gradients, place, Op::kEmbeddingBackward, only_if(hop > 0, Op::kReceiveEmbeddingBackward),
      puts);
  std::ranges::stable_sort(puts, {}, &Put::when);
  return puts;
}

}  // namespace

std::vector<int> embedding_chain(const Placement& placement) {
  std::vector<int> chain{placement.rank_of(0)};
  for (int place = 0; place < placement.rank_count(); ++place) {
    if (place != chain.front()) chain.push_back(place);
  }
  return chain;
}

Schedule add_embedding_actions(const Schedule& schedule) {
  const Clock clock(schedule);
  const std::vector<Timed> forwards = of_first_stage(schedule, clock, Op::kForward),
                           gradients = of_first_stage(schedule, clock, Op::kBackwardInput);
  const std::vector<int> chain = embedding_chain(schedule.placement);
  Schedule made = schedule;
  for (std::size_t hop = 0; hop < chain.size(); ++hop) {
    const auto rank = index(chain[hop]);
    const std::vector<Put> puts =
        puts_of(chain[hop], static_cast<int>(hop), hop + 1 == chain.size(), forwards, gradients);
    auto next = puts.begin();
    std::vector<Action>& actions = made.ranks[rank];
    actions.clear();
    for (std::size_t i = 0; i < schedule.ranks[rank].size(); ++i) {
      const Action& action = schedule.ranks[rank][i];
      const bool joined = i > 0 && is_joined(schedule.ranks[rank], i - 1);
      while (is_compute(action.op) && !joined && next != puts.end() &&
             next->when <= clock.start(rank, i)) {
        actions.push_back((next++)->action);
      }
      actions.push_back(action);
    }
    std::transform(next, puts.end(), std::back_inserter(actions),
                   [](const Put& p) { return p.action; });
  }
  return made;
}

}  // namespace pipetrain
