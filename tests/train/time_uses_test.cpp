#include "train/time_uses.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.h"

using namespace pipetrain;

namespace time_uses_test {

namespace {

void nap() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

}  // namespace

TEST_CASE("a rank's time goes to what it did or waited for, and the rest is the rest") {
  const MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(10);
  const Action actions[] = {{Op::kForward, 0, 0}, {Op::kForward, 1, 0}, {Op::kBackwardInput, 1, 0}};
  for (const Action& action : actions) {
    recorder.record(action, true, nap);
    recorder.record(action, false, nap);
  }
  recorder.record({Op::kReduceGrad, 0, 0}, true, nap);
  recorder.record_other("update", nap);
  TimeUses uses;
  uses.add(recorder, 0.5, 60);
  for (const TimeUse use :
       {TimeUse::kForward, TimeUse::kBackwardInput, TimeUse::kWaitData, TimeUse::kWaitActivations,
        TimeUse::kWaitGradients, TimeUse::kWaitSums, TimeUse::kUpdate}) {
    INFO(static_cast<int>(use));
    CHECK(uses.of(use) >= 0.0019);
  }
  CHECK(uses.of(TimeUse::kBackwardWeight) == 0);
  CHECK(uses.of(TimeUse::kFeed) == 0.5);

  const nlohmann::ordered_json json = uses.json();
  double sum = 0;
  for (const auto& seconds : json) sum += seconds.get<double>();
  CHECK(sum == Approx(60));
  CHECK_FALSE(json.contains("recompute"));
  CHECK(TimeUses::of_json(nlohmann::json::parse(json.dump())).json() == json);
}

}  // namespace time_uses_test
