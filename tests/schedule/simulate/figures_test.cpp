#include "schedule/simulate/figures.h"

#include "catch.h"

using namespace pipetrain;

namespace {

Span span_of(Op op, int stage, int microbatch, double start, double end, bool waiting = false) {
  return {.action = {op, stage, microbatch}, .waiting = waiting, .start = start, .end = end};
}

}  // namespace

TEST_CASE("A timeline starts with the first span of any rank, and an empty one at nothing") {
  const Timeline timeline{.ranks = {{},
                                    {span_of(Op::kForward, 0, 0, 5, 6)},
                                    {span_of(Op::kForward, 0, 0, 3, 5, true)}}};
  CHECK(first_start(timeline) == 3);
  CHECK(first_start(Timeline{}) == 0);
  CHECK(first_start(Timeline{.ranks = {{}}}) == 0);
}

TEST_CASE("Warm-up ends with a rank's first backward, cool-down begins after its last forward") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 0, 0, 2), span_of(Op::kBackwardInput, 0, 0, 2, 3, true),
                 span_of(Op::kBackwardInput, 0, 0, 3, 4), span_of(Op::kBackwardWeight, 0, 0, 4, 5),
                 span_of(Op::kForward, 0, 1, 5, 7), span_of(Op::kBackward, 0, 1, 7, 9)}}};
  CHECK(phases_of(timeline, 0).warmup_end == 3);
  CHECK(phases_of(timeline, 0).cooldown_start == 7);
  CHECK(has_backward(timeline));
}

TEST_CASE("All forwards before all backwards are a warm-up that ends where they do") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 0, 0, 2), span_of(Op::kBackward, 0, 0, 6, 8)}}};
  CHECK(phases_of(timeline, 0).warmup_end == 2);
  CHECK(phases_of(timeline, 0).cooldown_start == 2);
}

TEST_CASE("A wait for a backward is none") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 0, 0, 2), span_of(Op::kBackward, 0, 0, 2, 3, true)}}};
  CHECK(!has_backward(timeline));
}

TEST_CASE("Stages count among those of their rank, microbatches up to the highest number") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 7, 6, 0, 1), span_of(Op::kForward, 0, 6, 1, 2)},
                {span_of(Op::kForward, 5, 2, 0, 1)}}};
  const StagePlaces places(timeline);
  CHECK(places.most() == 2);
  CHECK(places.of(0, 0) == 0);
  CHECK(places.of(0, 7) == 1);
  CHECK(places.of(1, 5) == 0);
  CHECK(microbatches_of(timeline) == 7);
  CHECK(StagePlaces(Timeline{}).most() == 1);
}

TEST_CASE("Numbers have about four digits, and none that say nothing") {
  CHECK(short_number(30) == "30");
  CHECK(short_number(0.25) == "0.25");
  CHECK(short_number(1234.56) == "1234.56");
  CHECK(short_number(123.456) == "123.5");
  CHECK(short_number(-0.000123) == "-0.000123");
}

TEST_CASE("Steps of an axis are 1, 2 or 5 of a power of ten, few enough of them") {
  CHECK(round_step(10, 10) == 1);
  CHECK(round_step(11, 10) == 2);
  CHECK(round_step(33, 10) == 5);
  CHECK(round_step(60, 10) == 10);
  CHECK(round_step(0.033, 10) == Approx(0.005));
  CHECK(round_step(0, 10) == 1);
}

TEST_CASE("The headline has the makespan in its unit, and the bubble in percent") {
  const Timeline timeline{
      .ranks = {{span_of(Op::kForward, 0, 0, 0, 1)}, {span_of(Op::kForward, 1, 0, 1, 4)}}};
  CHECK(headline(timeline, "s") == "makespan 4 s, bubble 50.0%");
  CHECK(headline(timeline, "") == "makespan 4, bubble 50.0%");
}
