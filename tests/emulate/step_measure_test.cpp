#include "emulate/step_measure.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

// As each rank sees it.
std::vector<WorldTime> measured(const std::vector<RankTime>& times,
                                const std::vector<std::string>& hosts) {
  std::vector<WorldTime> found(times.size());
  InProcess group(static_cast<int>(times.size()));
  group.run([&](int rank) {
    const auto r = static_cast<std::size_t>(rank);
    found[r] = measure(times[r], hosts, *group.collective(rank));
  });
  return found;
}

}  // namespace

TEST_CASE("Ranks of a host share a clock: a step lasts from the first start to the last end") {
  const auto found = measured({{.start = 10, .end = 14, .busy = 4, .any = true},
                               {.start = 11, .end = 15, .busy = 3, .any = true}},
                              {"here", "here"});
  for (const WorldTime& time : found) {
    CHECK(time.seconds == 5);
    CHECK(time.busy == 7);
    CHECK(time.bubble(2) == Approx(0.3));
  }
  CHECK(found[0].delay == 0);
  CHECK(found[1].delay == 1);
}

TEST_CASE("Ranks of several hosts, whose clocks differ, are taken to start together") {
  const auto found = measured({{.start = 10, .end = 14, .busy = 4, .any = true},
                               {.start = 1000, .end = 1003, .busy = 3, .any = true}},
                              {"here", "there"});
  CHECK(found[0].seconds == 4);
  CHECK(found[1].delay == 0);
}

TEST_CASE("Several steps of a rank begin with the first one and are busy for all") {
  MemoryPool pool;
  Recorder recorder(pool);
  RankTime time;
  double origin = 0;
  for (int step = 0; step < 2; ++step) {
    recorder.begin(2);
    if (step == 0) origin = recorder.origin();
    recorder.record({Op::kForward, 0, 0}, true, [] {});
    recorder.record({Op::kForward, 0, 0}, false, [] {
      const double start = wall_seconds();
      while (wall_seconds() < start + 0.002) {
      }
    });
    time.add(recorder);
  }
  CHECK(time.start == origin);
  CHECK(time.busy >= 0.004);
  CHECK(time.end - time.start >= time.busy);
}
