#include "schedule/trace/step_text.h"

#include <vector>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A rank's part of a step is the same after its journey as text") {
  const std::vector<Span> spans = {{{Op::kForward, 2, 5}, true, 0.25, 0.5},
                                   {{Op::kForward, 2, 5}, false, 0.5, 1.0 / 3, 0.125, 77}};
  const TracedStep step = step_of_texts(9, {rank_text(spans, {{"feed", 1, 2}}), rank_text({}, {})});
  CHECK(step.step == 9);
  REQUIRE(step.timeline.ranks.size() == 2);
  REQUIRE(step.timeline.ranks[0].size() == 2);
  CHECK(step.timeline.ranks[1].empty());
  const Span& span = step.timeline.ranks[0][1];
  CHECK(span.action == spans[1].action);
  CHECK(!span.waiting);
  CHECK(span.end == 1.0 / 3);
  CHECK(span.cpu == 0.125);
  CHECK(span.bytes == 77);
  CHECK(step.timeline.ranks[0][0].waiting);
  REQUIRE(step.other_work[0].size() == 1);
  CHECK(step.other_work[0][0].name == "feed");
}

TEST_CASE("A step moves in time as a whole") {
  TracedStep step{1, {{{{{Op::kForward, 0, 0}, false, 5, 6}}}, {}}, {{{"feed", 4, 5}}}};
  CHECK(earliest(step) == 4);
  shift(step, -4);
  CHECK(earliest(step) == 0);
  CHECK(step.timeline.ranks[0][0].end == 2);
}
