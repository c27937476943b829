#include "schedule/search/vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "base/index.h"
#include "base/suggest.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/input_times.h"
#include "schedule/simulate/network.h"

namespace pipetrain {
namespace {

// A rank's actions with every backward put behind `ahead` further forwards of its stage, or behind
// all of them.
std::vector<Action> deferred(const std::vector<Action>& actions, int ahead) {
  std::map<int, std::vector<std::size_t>> of_stage;  // where its forwards stand among all
  std::vector<Action> made, forwards;
  for (const Action& action : actions) {
    if (action.op != Op::kForward) continue;
    of_stage[action.stage].push_back(forwards.size());
    forwards.push_back(action);
  }
  made.reserve(actions.size());
  std::map<int, std::size_t> passed;  // forwards of a stage in `actions`
  std::size_t taken = 0;              // forwards in `made`
  const auto take = [&](std::size_t until) {
    for (; taken < until; ++taken) made.push_back(forwards[taken]);
  };
  for (const Action& action : actions) {
    if (action.op == Op::kForward) {
      ++passed[action.stage];
      continue;
    }
    const std::vector<std::size_t>& own = of_stage[action.stage];
    take(own[std::min(passed[action.stage] + index(ahead), own.size()) - 1] + 1);
    made.push_back(action);
  }
  take(forwards.size());
  return made;
}

// All ranks at once, in order of time: each takes of S, its next listed action and T what can begin
// first.
class Merge {
 public:
  Merge(const Schedule& schedule, const Costs& costs, const VocabularyRule& rule)
      : listed_(schedule),
        costs_(at_rank_speeds(costs, schedule.placement)),
        rule_(rule),
        inputs_(ways_of(costs_, schedule).without_queues(), schedule.microbatches),
        ranks_(schedule.ranks.size()) {}

  std::optional<Schedule> run() {
    Schedule made = listed_;
    for (auto& actions : made.ranks) actions.clear();
    for (int rank = 0; rank < listed_.rank_count(); ++rank) choose(rank);
    for (std::size_t left = total(); left > 0; --left) {
      const auto first = std::ranges::min_element(ranks_, {}, &Rank::start);
      if (first->start == InputTimes::kNever) return std::nullopt;
      const int rank = static_cast<int>(first - ranks_.begin());
      made.ranks[index(rank)].push_back(first->choice);
      take(rank);
    }
    return made;
  }

 private:
  struct Rank {
    double free = 0;
    std::size_t next = 0;               // of the listed actions
    int vocabulary[2] = {0, 0};         // S and T done
    Action choice;                      // what it takes next, as far as is known
    double start = InputTimes::kNever;  // and when
  };

  std::size_t total() const {
    return listed_.action_count() + 2 * listed_.ranks.size() * index(listed_.microbatches);
  }

  double start_of(const Rank& rank, const Action& action) const {
    if (action.microbatch == listed_.microbatches) return InputTimes::kNever;
    return std::max(rank.free, inputs_.arrival(action.op, action.stage, action.microbatch));
  }

  void choose(int r) {
    Rank& rank = ranks_[index(r)];
    const auto& actions = listed_.ranks[index(r)];
    rank.choice = {Op::kVocabularyForward, r, rank.vocabulary[0]};
    rank.start = start_of(rank, rank.choice);
    const auto offer = [&](const Action& action, double start, double reluctance) {
      if (start == InputTimes::kNever || start + reluctance >= rank.start) return;
      rank.choice = action;
      rank.start = start;
    };
    if (rank.next < actions.size()) {
      offer(actions[rank.next], start_of(rank, actions[rank.next]), 0);
    }
    const Action backward{Op::kVocabularyBackward, r, rank.vocabulary[1]};
    const bool due = rank.vocabulary[0] - rank.vocabulary[1] > rule_.kept;
    const double start = start_of(rank, backward);
    const bool before_listed = due && rank.choice.op != Op::kVocabularyForward;
    if (before_listed && start <= rank.start) rank.start = InputTimes::kNever;
    offer(backward, start, due ? 0 : rule_.patience * duration_of(backward, costs_));
  }

  void take(int r) {
    Rank& rank = ranks_[index(r)];
    const Action done = rank.choice;
    rank.free = rank.start + duration_of(done, costs_);
    if (is_of_piece(done.op)) {
      ++rank.vocabulary[done.op == Op::kVocabularyForward ? 0 : 1];
    } else {
      ++rank.next;
    }
    inputs_.ended(done.op, done.stage, done.microbatch,
                  rank.free - result_leaves_before_end(done, listed_, costs_));
    for (int other = 0; other < listed_.rank_count(); ++other) choose(other);
  }

  const Schedule& listed_;
  Costs costs_;
  VocabularyRule rule_;
  InputTimes inputs_;
  std::vector<Rank> ranks_;
};

}  // namespace

std::optional<Schedule> with_vocabulary(const Schedule& schedule, const Costs& costs,
                                        const VocabularyRule& rule) {
  Schedule listed = schedule;
  listed.vocabulary = rule.place;
  for (auto& actions : listed.ranks) actions = deferred(actions, rule.ahead);
  return Merge(listed, costs, rule).run();
}

VocabularyRule usual_rule(VocabularyPlace place) {
  if (place != VocabularyPlace::kVocab1) return {.place = place};
  return {.place = place, .ahead = 2, .patience = 0, .kept = 1};
}

// As it stands, a valid order always has room for S and T. They stand where they come if messages
// take a while: where these are faster, no rank waits for it, and if S or T stood where they come
// without, a rank would wait for their messages in each microbatch.
Schedule with_vocabulary(const Schedule& schedule, VocabularyPlace place) {
  constexpr double kMessage = 0.125;
  Costs costs = equal_costs(schedule, 1, 1, 1, kMessage);
  costs.pieces.assign(schedule.ranks.size(), {1, 1});
  VocabularyRule rule = usual_rule(place);
  for (; rule.ahead > 0; --rule.ahead) {
    if (auto made = with_vocabulary(schedule, costs, rule)) return *std::move(made);
  }
  return with_vocabulary(schedule, costs, rule).value();
}

const std::vector<std::string>& vocabulary_schedules() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const ScheduleKind& kind : schedule_kinds()) {
      if (kind.takes_vocabulary) found.emplace_back(kind.name);
    }
    return found;
  }();
  return names;
}

std::optional<std::string> why_no_vocabulary(std::string_view name) {
  const auto& names = vocabulary_schedules();
  if (name == kSearchedSchedule || std::ranges::find(names, name) != names.end()) {
    return std::nullopt;
  }
  return "schedule " + std::string(name) +
         " has no form with the vocabulary over the pipeline; take " + join(names) +
         " or auto, or leave the vocabulary whole";
}

}  // namespace pipetrain
