// A pipeline schedule as pure data: for each rank the ordered list of actions of one step.
// It must not know tensors, layers or how an action is executed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// F forward; I gradient with respect to the input; W with respect to the weights; B both; R recompute.
// kReceive* post a receive; kSend* hand a finished result to the mailbox; kReduceGrad sums a stage's gradient over its copies.
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
};

struct Action {
  Op op = Op::kForward;
  int stage = 0;
  int microbatch = 0;  // 0 for kReduceGrad
  friend bool operator==(const Action&, const Action&) = default;
};

// "2F0", "2SEND_F0", "2REDUCE_GRAD": stage, op, microbatch.
std::string text_of(const Action& action);
bool is_compute(Op op);  // F, I, W, B, R

// Which rank owns which stage: stage s on rank s mod p, or down the ranks and back up (stages = 2p).
enum class Placement : std::uint8_t { kLoop, kV };

struct Schedule {
  Placement placement = Placement::kLoop;
  int microbatches = 0;
  int virtual_stages = 1;  // stages per rank
  std::vector<std::vector<Action>> ranks;

  int rank_count() const { return static_cast<int>(ranks.size()); }
  int stage_count() const { return rank_count() * virtual_stages; }
};

// The rank that owns `stage`, and the v stages of `rank` in ascending order.
int rank_of_stage(Placement placement, int ranks, int virtual_stages, int stage);
std::vector<int> stages_of_rank(Placement placement, int ranks, int virtual_stages, int rank);

}  // namespace pipetrain
