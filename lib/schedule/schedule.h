// A pipeline schedule as pure data: for each rank the ordered list of actions of one step.
// It must not know tensors, layers or how an action is executed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/placement.h"

namespace pipetrain {

// F forward; I gradient with respect to the input; W with respect to the weights; B both; R
// recompute. kReceive* post a receive; kSend* hand a finished result to the mailbox; kReduceGrad
// sums a stage's gradient over its copies. Of sharded weights, kUnshard starts to gather a stage's
// and kReshard drops them.
enum class Op : std::uint8_t {
  kForward,
  kBackwardInput,
  kBackwardWeight,
  kBackward,
  kRecompute,
  kSendForward,
  kReceiveForward,
  kSendBackward,
  kReceiveBackward,
  kReduceGrad,
  kUnshard,
  kReshard,
};

struct Action {
  Op op = Op::kForward;
  int stage = 0;
  int microbatch = 0;  // 0 where the action is of the whole stage
  friend bool operator==(const Action&, const Action&) = default;
};

// "2F0", "2SEND_F0", "2UNSHARD": stage, op, microbatch.
std::string text_of(const Action& action);
// The inverse; nothing if it is no action.
std::optional<Action> parse_action(std::string_view text);
bool is_compute(Op op);  // F, I, W, B, R
// It is for all of a stage's microbatches together.
inline bool is_of_stage(Op op) {
  return op == Op::kReduceGrad || op == Op::kUnshard || op == Op::kReshard;
}
inline bool sends_gradient(Op op) { return op == Op::kBackwardInput || op == Op::kBackward; }
inline bool ends_microbatch(Op op) { return op == Op::kBackwardWeight || op == Op::kBackward; }

// Most actions of a schedule that is read or made for a user: beyond it lie slips of the pen, and
// gigabytes.
constexpr std::size_t kMostActions = 5'000'000;

struct Schedule {
  Placement placement;
  int microbatches = 0;
  std::vector<std::vector<Action>> ranks;

  int rank_count() const { return static_cast<int>(ranks.size()); }
  int stage_count() const { return placement.stage_count(); }
  // Stages of the rank that has most.
  int virtual_stages() const { return placement.most_stages(); }
  // v, or the mean where ranks have different numbers of stages.
  double stages_per_rank() const {
    return static_cast<double>(placement.stage_count()) / placement.rank_count();
  }
  std::size_t action_count() const;
};

// The flat index of one microbatch on one stage, for tables over both.
inline std::size_t cell(const Schedule& schedule, int stage, int microbatch) {
  return static_cast<std::size_t>(stage) * static_cast<std::size_t>(schedule.microbatches) +
         static_cast<std::size_t>(microbatch);
}

bool is_forward_only(const Schedule& schedule);

// Whether every stage's weight gradients come in ascending order of microbatches: all such
// schedules give the same bits.
bool accumulates_in_ascending_order(const Schedule& schedule);

inline int rank_of_stage(const Schedule& schedule, int stage) {
  return schedule.placement.rank_of(stage);
}

}  // namespace pipetrain
