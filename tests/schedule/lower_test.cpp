#include "schedule/lower.h"

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

TEST_CASE("Lowering sends input gradients before weight gradients and posts receives ahead") {
  CHECK(lower(generate("1f1b", 2, 1, 2), 1).ranks == actions_of(R"(
    0F0 0SEND_F0 0RECV_B0 0F1 0SEND_F1 0I0 0W0 0RECV_B1 0I1 0W1 0REDUCE_GRAD
    1RECV_F0 1F0 1I0 1SEND_B0 1RECV_F1 1W0 1F1 1I1 1SEND_B1 1W1 1REDUCE_GRAD
  )"));
}

TEST_CASE("A stage sends to its neighbour on the same rank too") {
  CHECK(lower(generate_forward_only(Placement::wave(1, 2), 2), 0).ranks == actions_of(R"(
    0F0 0SEND_F0 1RECV_F0 1F0 0F1 0SEND_F1 1RECV_F1 1F1
  )"));
}

TEST_CASE("Splitting replaces each B and leaves the rest alone") {
  CHECK(split_backward({Placement::loop(1), 2, actions_of("0F0 0B0 0F1 0I1 0W1")}).ranks ==
        actions_of("0F0 0I0 0W0 0F1 0I1 0W1"));
}

TEST_CASE("Every message is sent once and received once") {
  const Schedule lowered = lower(generate("1f1b", 4, 1, 8));
  int sends = 0, receives = 0;
  for (const auto& actions : lowered.ranks) {
    for (const Action& action : actions) {
      if (action.op == Op::kSendForward || action.op == Op::kSendBackward) ++sends;
      if (action.op == Op::kReceiveForward || action.op == Op::kReceiveBackward) ++receives;
    }
  }
  CHECK(sends == 2 * 3 * 8);
  CHECK(receives == sends);
}

TEST_CASE("R stands before each I or B of a recomputing stage whose F is not right before it") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  const Schedule recomputing = add_recompute(schedule, {true, true});
  CHECK(recomputing.ranks == actions_of(R"(
    0F0 0F1 0R0 0B0 0F2 0R1 0B1 0R2 0B2
    1F0 1B0 1F1 1B1 1F2 1B2
  )"));
  CHECK(add_recompute(split_backward(schedule), {true, true}).ranks ==
        split_backward(recomputing).ranks);
  CHECK(add_recompute(schedule, {false, true}).ranks == schedule.ranks);
  CHECK(add_recompute(generate("gpipe", 2, 1, 2), {false, true}).ranks == actions_of(R"(
    0F0 0F1 0B0 0B1
    1F0 1F1 1R0 1B0 1R1 1B1
  )"));
}

TEST_CASE("Lowering keeps R, and a gradient's receive is posted before it") {
  CHECK(lower(add_recompute(generate("1f1b", 2, 1, 2), {true, true}), 1).ranks == actions_of(R"(
    0F0 0SEND_F0 0F1 0SEND_F1 0RECV_B0 0R0 0I0 0W0 0RECV_B1 0R1 0I1 0W1 0REDUCE_GRAD
    1RECV_F0 1F0 1I0 1SEND_B0 1RECV_F1 1W0 1F1 1I1 1SEND_B1 1W1 1REDUCE_GRAD
  )"));
}

TEST_CASE("Where pieces wait twice, the last stage's receive comes behind T") {
  const Schedule schedule{Placement::loop(1), 1, actions_of("0F0 0S0 0T0 0B0"), /*slices=*/1,
                          VocabularyPlace::kVocab1};
  CHECK(lower(schedule, 0).ranks == actions_of(R"(
    0F0 0SEND_F0 0RECV_S0 0S0 0RECV_T0 0T0 0RECV_B0 0I0 0W0 0REDUCE_GRAD
  )"));
}

TEST_CASE("The last stage sends to pieces of the vocabulary and receives from them") {
  const Schedule schedule{Placement::loop(2), 1, actions_of("0F0 0S0 0B0 0T0 \n 1F0 1S0 1B0 1T0"),
                          /*slices=*/1, VocabularyPlace::kParallel};
  CHECK(lower(schedule, 0).ranks == actions_of(R"(
    0F0 0SEND_F0 0RECV_S0 0S0 0RECV_B0 0I0 0W0 0REDUCE_GRAD 0RECV_T0 0T0
    1RECV_F0 1F0 1SEND_F0 1RECV_S0 1S0 1RECV_B0 1I0 1SEND_B0 1W0 1REDUCE_GRAD 1RECV_T0 1T0
  )"));
}
