#include "emulate/step_keeper.h"

#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

Recorder recorded(int stage) {
  static MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(1);
  recorder.record({Op::kForward, stage, 1}, false, [] {});
  return recorder;
}

std::string actions(const TracedStep& step) {
  std::string text;
  for (const auto& spans : step.timeline.ranks) {
    for (const Span& span : spans) text += text_of(span.action) + " ";
    text += "| ";
  }
  return text;
}

}  // namespace

TEST_CASE("Rank 0 has what all ranks did in each step, at the times that they were told") {
  InProcess group(2);
  std::vector<TracedStep> steps, others;
  group.run([&](int rank) {
    StepKeeper kept;
    kept.keep(recorded(rank), 10);
    kept.keep(recorded(rank), 20);
    (rank == 0 ? steps : others) = kept.gathered(*group.collective(rank), rank);
  });
  CHECK(others.empty());
  REQUIRE(steps.size() == 2);
  CHECK(steps[1].step == 2);
  CHECK(actions(steps[1]) == "0F1 | 1F1 | ");
  CHECK(steps[0].timeline.ranks[0][0].start == Approx(10).margin(0.1));
  CHECK(steps[1].timeline.ranks[1][0].start == Approx(21).margin(0.1));
}

TEST_CASE("Steps in a row are one, whose microbatches go on counting") {
  InProcess group(1);
  std::vector<TracedStep> steps;
  group.run([&](int rank) {
    StepKeeper kept;
    for (const int step : {0, 1, 2}) kept.add(recorded(0), step, 4 * step);
    steps = kept.gathered(*group.collective(rank));
  });
  REQUIRE(steps.size() == 1);
  CHECK(actions(steps[0]) == "0F1 0F5 0F9 | ");
}
