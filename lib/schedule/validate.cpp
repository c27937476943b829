#include "schedule/validate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/marked_grid.h"
#include "schedule/walk.h"

namespace pipetrain {
namespace {

[[noreturn]] void refuse(const Schedule& schedule, int rank, std::size_t position,
                         const std::string& what) {
  const std::string where = position == kMissing ? "" : ", action " + std::to_string(position + 1);
  throw Error(ExitCode::kConfiguration,
              "schedule: rank " + std::to_string(rank) + where + ": " + what,
              marked_grid(schedule.ranks, rank, position));
}

void check_sizes(const Schedule& schedule) {
  if (schedule.ranks.empty() || schedule.rank_count() != schedule.placement.rank_count() ||
      schedule.microbatches < 1 || schedule.slices < 1) {
    throw Error(ExitCode::kConfiguration,
                "schedule: found " + std::to_string(schedule.rank_count()) +
                    " ranks, a placement on " + std::to_string(schedule.placement.rank_count()) +
                    " and " + std::to_string(schedule.microbatches) + " microbatches of " +
                    std::to_string(schedule.slices) +
                    " slices; expected as many ranks as placed on, a microbatch and a slice");
  }
  if (const auto reason = why_not_together(schedule.slices, schedule.placement.copies(),
                                           schedule.cuts_vocabulary())) {
    throw Error(ExitCode::kConfiguration, "schedule: " + *reason);
  }
}

// What has been done with each microbatch on each stage; only the stage's own rank writes there.
enum Done : std::uint8_t { kF = 1, kI = 2, kW = 4, kS = 8, kT = 16 };

std::uint8_t bits_of(Op op) {
  switch (op) {
    case Op::kForward: return kF;
    case Op::kBackwardInput: return kI;
    case Op::kBackwardWeight: return kW;
    case Op::kBackward: return kI | kW;
    default: return 0;
  }
}

class RankCheck {
 public:
  RankCheck(const Schedule& schedule, int rank, bool forward_only)
      : schedule_(schedule), rank_(rank), forward_only_(forward_only) {
    done_.resize(schedule.placement.stages_of(rank).size() *
                 static_cast<std::size_t>(schedule.all_slices()));
    pieces_.resize(static_cast<std::size_t>(schedule.microbatches));
  }

  void run() {
    const auto& actions = schedule_.ranks[static_cast<std::size_t>(rank_)];
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (!is_compute(actions[i].op)) continue;
      is_of_piece(actions[i].op) ? check_piece(actions[i], i) : check(actions[i], i);
    }
    check_complete();
    if (schedule_.cuts_vocabulary()) check_pieces_complete();
  }

 private:
  void check(const Action& action, std::size_t position) {
    const auto refuse_it = [&](const std::string& why) {
      refuse(schedule_, rank_, position, text_of(action) + " " + why);
    };
    if (action.stage < 0 || action.stage >= schedule_.stage_count()) {
      refuse_it("names a stage beyond the last, " + std::to_string(schedule_.stage_count() - 1));
    }
    check_numbers(action, position);
    const int owner = rank_of_stage(schedule_, action.stage, action.microbatch);
    if (owner != rank_) refuse_it(elsewhere(action, owner));
    if (action.op == Op::kRecompute) return;
    std::uint8_t& done = done_[index(action)];
    const std::uint8_t bits = bits_of(action.op);
    if (done & bits) refuse_it("comes twice");
    const auto need = [&](std::uint8_t bit, const Action& needed) {
      if (!(done_[index(needed)] & bit)) refuse_it("comes before " + text_of(needed));
    };
    if (action.op != Op::kForward && forward_only_) refuse_it("is in a forward-only schedule");
    if (action.op != Op::kForward) need(kF, action.as(Op::kForward));
    if (action.op == Op::kBackwardWeight) need(kI, action.as(Op::kBackwardInput));
    if (action.op == Op::kForward && action.slice > 0) need(kF, neighbour(action, -1));
    if (sends_gradient(action.op) && action.slice + 1 < schedule_.slices) {
      need(kI, neighbour(action.as(Op::kBackwardInput), 1));
    }
    done = static_cast<std::uint8_t>(done | bits);
  }

  // Why an action of rank `owner` is not one of this rank.
  std::string elsewhere(const Action& action, int owner) const {
    const std::vector<int>& own = schedule_.placement.stages_of(rank_);
    if (std::ranges::binary_search(own, action.stage)) {
      return "is of the half of the microbatches that passes through the copy of stage " +
             std::to_string(action.stage) + " on rank " + std::to_string(owner);
    }
    return "is on a stage of rank " + std::to_string(owner);
  }

  void check_numbers(const Action& action, std::size_t position) const {
    const auto check_number = [&](const char* what, int found, int count) {
      if (found >= 0 && found < count) return;
      refuse(
          schedule_, rank_, position,
          text_of(action) + " names a " + what + " beyond the last, " + std::to_string(count - 1));
    };
    check_number("microbatch", action.microbatch, schedule_.microbatches);
    check_number("slice", action.slice, schedule_.slices);
  }

  // S and then T of the rank's own piece of the vocabulary; forward-only S alone.
  void check_piece(const Action& action, std::size_t position) {
    const auto refuse_it = [&](const std::string& why) {
      refuse(schedule_, rank_, position, text_of(action) + " " + why);
    };
    if (!schedule_.cuts_vocabulary()) refuse_it("is of the vocabulary, which is whole here");
    if (action.stage != rank_) {
      refuse_it("is of another rank's piece of the vocabulary; rank " + std::to_string(rank_) +
                " has piece " + std::to_string(rank_));
    }
    check_numbers(action, position);
    std::uint8_t& done = pieces_[static_cast<std::size_t>(action.microbatch)];
    const bool forward = action.op == Op::kVocabularyForward;
    if (done & (forward ? kS : kT)) refuse_it("comes twice");
    if (!forward && forward_only_) refuse_it("is in a forward-only schedule");
    if (!forward && !(done & kS)) {
      refuse_it("comes before " + text_of({Op::kVocabularyForward, rank_, action.microbatch}));
    }
    done = static_cast<std::uint8_t>(done | (forward ? kS : kT));
  }

  void check_pieces_complete() const {
    for (int m = 0; m < schedule_.microbatches; ++m) {
      const std::uint8_t done = pieces_[static_cast<std::size_t>(m)];
      for (const auto& [op, bit] :
           {std::pair(Op::kVocabularyForward, kS), std::pair(Op::kVocabularyBackward, kT)}) {
        if ((done & bit) || (forward_only_ && bit == kT)) continue;
        refuse(schedule_, rank_, kMissing,
               text_of({op, rank_, m}) +
                   " is missing: with the vocabulary over the pipeline every rank has S and T of "
                   "each microbatch");
      }
    }
  }

  void check_complete() const {
    for (const int stage : schedule_.placement.stages_of(rank_)) {
      for (int number = 0; number < schedule_.all_slices(); ++number) {
        const Action forward{Op::kForward, stage, number / schedule_.slices,
                             number % schedule_.slices};
        if (rank_of_stage(schedule_, stage, forward.microbatch) == rank_) check_complete(forward);
      }
    }
  }

  void check_complete(const Action& forward) const {
    const std::uint8_t done = done_[index(forward)];
    std::string missing;
    if (!(done & kF)) {
      missing = text_of(forward);
    } else if (!forward_only_ && !(done & kI)) {
      missing = text_of(forward.as(Op::kBackwardInput));
      if (!(done & kW)) missing += " (or " + text_of(forward.as(Op::kBackward)) + ")";
    } else if (!forward_only_ && !(done & kW)) {
      missing = text_of(forward.as(Op::kBackwardWeight));
    }
    if (!missing.empty()) refuse(schedule_, rank_, kMissing, missing + " is missing");
  }

  // The slice before or behind an action's.
  static Action neighbour(Action action, int by) {
    action.slice += by;
    return action;
  }

  std::size_t index(const Action& action) const {
    return static_cast<std::size_t>(schedule_.placement.place_of(action.stage)) *
               static_cast<std::size_t>(schedule_.all_slices()) +
           static_cast<std::size_t>(schedule_.slice_number(action));
  }

  const Schedule& schedule_;
  int rank_;
  bool forward_only_;
  std::vector<std::uint8_t> done_;    // per stage of the rank, microbatch and slice
  std::vector<std::uint8_t> pieces_;  // of the rank's piece, per microbatch
};

// Where the waiting ranks wait for each other in a ring, the first of that ring is shown.
void check_deadlock(const Schedule& schedule) {
  ResultsSoFar results(schedule);
  const std::vector<std::size_t> reached = walk(schedule, [&](int rank, std::size_t position) {
    const Action& action = schedule.ranks[static_cast<std::size_t>(rank)][position];
    if (is_compute(action.op)) results.add(action);
  });
  const auto stuck = [&](int rank) {
    const auto r = static_cast<std::size_t>(rank);
    return reached[r] < schedule.ranks[r].size();
  };
  int rank = 0;
  while (rank < schedule.rank_count() && !stuck(rank)) ++rank;
  if (rank == schedule.rank_count()) return;
  const auto waiting = [&](int r) {
    return schedule.ranks[static_cast<std::size_t>(r)][reached[static_cast<std::size_t>(r)]];
  };
  const auto awaited = [&](int r) {  // the first thing that is not there
    Action missing;
    bool found = false;
    for_each_needed(schedule, waiting(r), [&](const Action& needed) {
      if (found || results.has(needed)) return;
      missing = needed;
      found = true;
    });
    return missing;
  };
  for (int i = 0; i < schedule.rank_count(); ++i) {  // after so many steps we are in the ring
    rank = rank_of(schedule, awaited(rank));
  }
  std::vector<int> ring{rank};
  for (int r = rank_of(schedule, awaited(rank)); r != rank; r = rank_of(schedule, awaited(r))) {
    ring.push_back(r);
  }
  std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end()), ring.end());
  std::string what = "deadlock:";
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const int owner = rank_of(schedule, awaited(ring[i]));
    what += (i == 0 ? " " : ", rank " + std::to_string(ring[i]) + ": ") +
            text_of(waiting(ring[i])) + " waits for " + text_of(awaited(ring[i])) + " of rank " +
            std::to_string(owner);
  }
  refuse(schedule, ring.front(), reached[static_cast<std::size_t>(ring.front())], what);
}

}  // namespace

void validate(const Schedule& schedule, bool forward_only) {
  check_sizes(schedule);
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    RankCheck(schedule, rank, forward_only).run();
  }
  check_deadlock(schedule);
}

}  // namespace pipetrain
