#include "schedule/table_messages.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pipetrain {
namespace {

// A kind of message: which action makes it and which needs it.
struct MessageKind {
  Op send, receive;
  bool forward;
  std::uint8_t send_bit, receive_bit, computed_bit;
};
constexpr std::array<MessageKind, 2> kKinds{{
    {Op::kSendForward, Op::kReceiveForward, true, 1, 2, 4},
    {Op::kSendBackward, Op::kReceiveBackward, false, 8, 16, 32},
}};

bool computes(const MessageKind& kind, Op op) {
  return kind.forward ? op == Op::kForward : sends_gradient(op);
}

bool has(const std::vector<std::vector<Action>>& rows, bool (*wanted)(Op)) {
  return std::ranges::any_of(rows, [&](const std::vector<Action>& row) {
    return std::ranges::any_of(row, [&](const Action& action) { return wanted(action.op); });
  });
}

bool is_message(Op op) {
  return std::ranges::any_of(
      kKinds, [&](const MessageKind& kind) { return op == kind.send || op == kind.receive; });
}

bool is_reduction(Op op) { return op == Op::kReduceGrad; }

// One rank's row, from its first action to its last.
class RowCheck {
 public:
  RowCheck(const Schedule& schedule, const std::vector<std::vector<Action>>& rows, int rank)
      : schedule_(schedule), row_(rows[static_cast<std::size_t>(rank)]), rank_(rank) {
    const auto stages = static_cast<std::size_t>(schedule.stage_count());
    seen_.resize(cell_count(schedule));
    backwards_left_.resize(stages);
    for (int m = 0; m < schedule.microbatches; ++m) {
      for (int stage = 0; stage < schedule.stage_count(); ++stage) {
        if (rank_of_stage(schedule, stage, m) == rank) {
          backwards_left_[static_cast<std::size_t>(stage)] += schedule.slices;
        }
      }
    }
    gathers_.resize(stages);
    gathered_.resize(stages);
    reduced_.resize(stages);
    for (const Action& action : row_) {
      if (action.op == Op::kUnshard) gathers_[index(action)] = true;
    }
  }

  std::optional<MessageFault> in_order() {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (auto why = why_wrong(row_[i])) return MessageFault{rank_, i, *why};
    }
    return std::nullopt;
  }

  std::optional<MessageFault> complete(bool messages, bool reductions) const {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (auto why = why_incomplete(row_[i], messages, reductions)) {
        return MessageFault{rank_, i, *why};
      }
    }
    return std::nullopt;
  }

 private:
  using Reason = std::optional<std::string>;

  static std::size_t index(const Action& action) { return static_cast<std::size_t>(action.stage); }
  std::uint8_t& seen(const Action& action) { return seen_[cell(schedule_, action)]; }

  Reason why_wrong(const Action& action) {
    if (is_of_piece(action.op)) return std::nullopt;
    if (is_compute(action.op)) return why_wrong_compute(action);
    if (is_of_stage(action.op)) return why_wrong_of_stage(action);
    const std::string name = text_of(action);
    const bool first = action.stage == 0, last = action.stage + 1 == schedule_.stage_count();
    for (const MessageKind& kind : kKinds) {
      const bool sends = action.op == kind.send;
      if (!sends && action.op != kind.receive) continue;
      if (sends == kind.forward ? last : first) {
        return name + " has no stage to " + (sends ? "send to" : "receive from") + ": " +
               std::to_string(action.stage) + " is the " +
               (last && sends == kind.forward ? "last" : "first");
      }
      const std::uint8_t bit = sends ? kind.send_bit : kind.receive_bit;
      if (seen(action) & bit) return name + " comes twice";
      seen(action) |= bit;
      const bool computed = seen(action) & kind.computed_bit;
      const std::string compute =
          text_of(action.as(kind.forward ? Op::kForward : Op::kBackwardInput));
      if (sends && !computed) return name + " comes before " + compute + ", whose result it sends";
      if (!sends && computed) return name + " comes after " + compute + ", which needs it";
    }
    return std::nullopt;
  }

  Reason why_wrong_compute(const Action& action) {
    if (gathers_[index(action)] && !gathered_[index(action)]) {
      const std::string stage = std::to_string(action.stage);
      return text_of(action) + " stands outside of " + stage + "UNSHARD and " + stage + "RESHARD";
    }
    for (const MessageKind& kind : kKinds) {
      if (computes(kind, action.op)) seen(action) |= kind.computed_bit;
    }
    if (ends_microbatch(action.op)) --backwards_left_[index(action)];
    return std::nullopt;
  }

  Reason why_wrong_of_stage(const Action& action) {
    const std::string name = text_of(action), stage = std::to_string(action.stage);
    if (action.op == Op::kReduceGrad) {
      if (reduced_[index(action)]) return name + " comes twice";
      reduced_[index(action)] = true;
      if (backwards_left_[index(action)] > 0) {
        return name + " comes before the last backward of stage " + stage;
      }
    } else if (action.op == Op::kUnshard) {
      if (gathered_[index(action)])
        return name + " comes twice, with no " + stage + "RESHARD between";
      gathered_[index(action)] = true;
    } else {
      if (!gathered_[index(action)]) return name + " comes without " + stage + "UNSHARD";
      gathered_[index(action)] = false;
    }
    return std::nullopt;
  }

  // Whether a microbatch's message goes from this rank, or comes to it, from another one.
  bool crosses(int other, int microbatch) const {
    return other >= 0 && other < schedule_.stage_count() &&
           rank_of_stage(schedule_, other, microbatch) != rank_;
  }

  Reason why_incomplete(const Action& action, bool messages, bool reductions) const {
    if (!is_compute(action.op) || is_of_piece(action.op)) return std::nullopt;
    if (reductions && !reduced_[index(action)]) {
      return "stage " + std::to_string(action.stage) + " has no " +
             text_of({Op::kReduceGrad, action.stage, 0}) + ", but others have theirs";
    }
    if (!messages) return std::nullopt;
    for (const MessageKind& kind : kKinds) {
      if (!computes(kind, action.op)) continue;
      const int to = action.stage + (kind.forward ? 1 : -1);
      const int from = action.stage - (kind.forward ? 1 : -1);
      const std::uint8_t found = seen_[cell(schedule_, action)];
      if (crosses(from, action.microbatch) && !(found & kind.receive_bit)) {
        return text_of(action) + " lacks " + text_of(action.as(kind.receive)) + ": stage " +
               std::to_string(from) + " is on another rank";
      }
      if (crosses(to, action.microbatch) && !(found & kind.send_bit)) {
        return text_of(action) + " lacks " + text_of(action.as(kind.send)) + ": stage " +
               std::to_string(to) + " is on another rank";
      }
    }
    return std::nullopt;
  }

  const Schedule& schedule_;
  const std::vector<Action>& row_;
  int rank_;
  std::vector<std::uint8_t> seen_;  // bits of kKinds, by cell()
  std::vector<int> backwards_left_;
  std::vector<bool> gathers_, gathered_, reduced_;  // per stage
};

}  // namespace

std::optional<MessageFault> message_fault(const Schedule& schedule,
                                          const std::vector<std::vector<Action>>& rows) {
  const bool messages = has(rows, is_message), reductions = has(rows, is_reduction);
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    RowCheck check(schedule, rows, rank);
    if (auto fault = check.in_order()) return fault;
    if (auto fault = check.complete(messages, reductions)) return fault;
  }
  return std::nullopt;
}

}  // namespace pipetrain
