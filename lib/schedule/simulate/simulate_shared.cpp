#include "schedule/simulate/simulate_shared.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "schedule/neighbours.h"
#include "schedule/simulate/input_times.h"

namespace pipetrain {
namespace {

class SharedCores {
 public:
  SharedCores(const Schedule& schedule, const Costs& costs, BackwardSends sends)
      : schedule_(schedule),
        costs_(costs),
        sends_(sends),
        forward_only_(is_forward_only(schedule)),
        ranks_(schedule.ranks.size()),
        inputs_(ways_of(costs, schedule), schedule.microbatches, schedule.slices) {
    gathered_.resize(static_cast<std::size_t>(schedule.stage_count()));
    timeline_.ranks.resize(ranks_.size());
    timeline_.peak_live_microbatches.resize(ranks_.size());
  }

  Timeline run() {
    do {
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) start(rank);
    } while (advance());
    return std::move(timeline_);
  }

 private:
  struct Rank {
    std::size_t next = 0;               // action
    std::optional<Span> span;           // computing or waiting, begun and not ended
    double left = 0;                    // of its work, in seconds of a core of its own
    double more = 0;                    // of it when its result has left, that is not in `left`
    double wakes = InputTimes::kNever;  // when what it waits for is there, as far as that is known
    double gathers_end = 0;             // of those begun
    bool gradient_is_out = false;       // of the B at `next`, whose W is left
    bool result_is_out = false;         // of what it is at
    int live = 0;
    Apart apart;
    bool works() const { return span && !span->waiting; }
  };

  // Whatever the rank can begin now.
  void start(std::size_t r) {
    Rank& rank = ranks_[r];
    const std::vector<Action>& actions = schedule_.ranks[r];
    while (!rank.works() && rank.next < actions.size()) {
      const Action& action = actions[rank.next];
      if (action.op == Op::kUnshard) gather(rank, action.stage);
      if (!is_compute(action.op)) {
        ++rank.next;
        continue;
      }
      const Action needed = first_part(action);
      const bool gathered = !is_of_piece(action.op);
      if (gathered && waits(r, {Op::kUnshard, action.stage, 0}, gathered_[index(action.stage)])) {
        return;
      }
      const double arrival =
          inputs_.arrival(action.op, action.stage, schedule_.slice_number(action));
      if (!rank.gradient_is_out && waits(r, needed, arrival)) return;
      if (action.op == Op::kForward) enter(r);
      const Op part = rank.gradient_is_out ? Op::kBackwardWeight : needed.op;
      rank.span = Span{action.as(part), false, now_, now_};
      rank.more =
          part == Op::kVocabularyBackward ? result_leaves_before_end(action, schedule_, costs_) : 0;
      rank.left = duration_of(rank.span->action, costs_) - rank.more;
      if (!rank.gradient_is_out && rank.apart.passes(action)) {
        rank.left += costs_.stages[index(action.stage)].remake;
      }
    }
  }

  // Time goes on to the next end of a work or of a wait; false if there is none.
  bool advance() {
    const auto working =
        std::count_if(ranks_.begin(), ranks_.end(), [](const Rank& rank) { return rank.works(); });
    const double cores = costs_.cores > 0 ? costs_.cores : static_cast<double>(ranks_.size());
    const double rate = working > 0 ? std::min(1.0, cores / static_cast<double>(working)) : 0;
    double until = InputTimes::kNever;
    for (const Rank& rank : ranks_) until = std::min(until, end_of(rank, rate));
    if (until == InputTimes::kNever) return false;
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      Rank& rank = ranks_[r];
      if (!rank.works()) continue;
      if (end_of(rank, rate) <= until) {
        rank.left = 0;
      } else {
        rank.left -= (until - now_) * rate;
      }
    }
    now_ = until;
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      if (ranks_[r].works() && ranks_[r].left <= 0) finish(r);
    }
    return true;
  }

  double end_of(const Rank& rank, double rate) const {
    if (rank.works()) return now_ + rank.left / rate;
    return rank.span && rank.wakes > now_ ? rank.wakes : InputTimes::kNever;
  }

  // Whether the rank has to wait for what is there at `until`.
  bool waits(std::size_t r, const Action& what, double until) {
    Rank& rank = ranks_[r];
    if (until > now_) {
      if (!rank.span) rank.span = Span{what, true, now_, now_};
      rank.wakes = until;
      return true;
    }
    if (rank.span && rank.span->action == what) end_span(r);
    return false;
  }

  void end_span(std::size_t r) {
    Span& span = *ranks_[r].span;
    span.end = now_;
    timeline_.ranks[r].push_back(span);
    ranks_[r].span.reset();
    ranks_[r].wakes = InputTimes::kNever;
  }

  void finish(std::size_t r) {
    Rank& rank = ranks_[r];
    const Action done = rank.span->action;
    if (!rank.result_is_out) {
      inputs_.ended(done.op, done.stage, schedule_.slice_number(done), now_);
    }
    rank.result_is_out = rank.more > 0;
    if (rank.result_is_out) {
      rank.left = std::exchange(rank.more, 0);
      return;
    }
    end_span(r);
    const Action& listed = schedule_.ranks[r][rank.next];
    if (listed.op == Op::kBackward && done.op == Op::kBackwardInput) {
      rank.gradient_is_out = true;
      return;
    }
    rank.gradient_is_out = false;
    if (ends_microbatch(listed.op) || (forward_only_ && listed.op == Op::kForward)) --rank.live;
    ++rank.next;
  }

  // B is I and then W, unless it sends its gradient only when it is done.
  Action first_part(const Action& action) const {
    if (action.op != Op::kBackward || sends_ != BackwardSends::kGradientsFirst) return action;
    return action.as(Op::kBackwardInput);
  }

  void gather(Rank& rank, int stage) {
    rank.gathers_end = std::max(rank.gathers_end, now_) + costs_.stages[index(stage)].gather;
    gathered_[index(stage)] = rank.gathers_end;
  }

  void enter(std::size_t r) {
    double& peak = timeline_.peak_live_microbatches[r];
    peak = std::max(peak, ++ranks_[r].live / schedule_.stages_per_rank() / schedule_.slices);
  }

  static std::size_t index(int stage) { return static_cast<std::size_t>(stage); }

  const Schedule& schedule_;
  const Costs& costs_;
  BackwardSends sends_;
  bool forward_only_;
  double now_ = 0;
  std::vector<Rank> ranks_;
  InputTimes inputs_;
  std::vector<double> gathered_;  // per stage: when its weights are whole
  Timeline timeline_;
};

}  // namespace

Timeline simulate_shared(const Schedule& schedule, const Costs& costs, BackwardSends sends) {
  return SharedCores(schedule, costs, sends).run();
}

}  // namespace pipetrain
