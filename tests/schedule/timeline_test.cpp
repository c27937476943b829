#include "schedule/timeline.h"

#include "catch.h"

using namespace pipetrain;

namespace {

Span span_of(Op op, double start, double end, bool waiting = false) {
  return {.action = {op, 0, 0}, .waiting = waiting, .start = start, .end = end};
}

}  // namespace

TEST_CASE("A step lasts from the first start on any rank to the last end on any") {
  const Timeline timeline{.ranks = {{span_of(Op::kForward, 3, 4), span_of(Op::kBackward, 5, 9)},
                                    {span_of(Op::kForward, 2, 5)}}};
  CHECK(timeline.makespan() == 7);
}

TEST_CASE("A rank is busy while it computes, not while it waits or hands messages on") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 1), span_of(Op::kSendForward, 1, 2),
                 span_of(Op::kBackwardInput, 2, 5, true), span_of(Op::kRecompute, 5, 5.5),
                 span_of(Op::kBackwardInput, 5.5, 7), span_of(Op::kBackwardWeight, 7, 7.25),
                 span_of(Op::kReduceGrad, 7.25, 8)},
                {span_of(Op::kBackward, 3, 4)}}};
  CHECK(timeline.busy(0) == 1 + 0.5 + 1.5 + 0.25);
  CHECK(timeline.busy(1) == 1);
  CHECK(timeline.bubble_fraction() == Approx(1 - 4.25 / (2 * 8)));
}

TEST_CASE("Where nothing happened nothing took time") {
  for (const Timeline& timeline : {Timeline{}, Timeline{.ranks = {{}, {}}}}) {
    CHECK(timeline.makespan() == 0);
    CHECK(timeline.bubble_fraction() == 0);
  }
}
