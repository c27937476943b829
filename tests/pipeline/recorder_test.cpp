#include "pipeline/recorder.h"

#include <chrono>
#include <string>
#include <thread>

#include "catch.h"

using namespace pipetrain;

namespace recorder_test {

TEST_CASE("A span is of its action, and lasts as long as what ran in it") {
  const MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(4);
  const Action action{Op::kForward, 2, 5};
  bool ran = false;
  const double seconds = recorder.record(action, false, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ran = true;
  });
  recorder.record({Op::kBackward, 2, 5}, true, [] {});
  CHECK(ran);
  REQUIRE(recorder.spans().size() == 2);
  const Span& first = recorder.spans()[0];
  CHECK(first.action == action);
  CHECK(!first.waiting);
  CHECK(first.start >= 0);
  CHECK(first.end - first.start == Approx(seconds).margin(1e-9));
  CHECK(seconds >= 0.02);
  CHECK(recorder.spans()[1].waiting);
  CHECK(recorder.spans()[1].start >= first.end);
}

TEST_CASE("Processor time is what ran, not what waited") {
  const MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(2);
  recorder.record({}, true, [] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); });
  recorder.record({}, false, [] {
    const double start = cpu_seconds();
    while (cpu_seconds() < start + 0.02) {
    }
  });
  CHECK(recorder.spans()[0].cpu < 0.02);
  CHECK(recorder.spans()[1].cpu >= 0.02);
}

TEST_CASE("Two actions whose work alternates are recorded one after the other") {
  const MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(2);
  const auto sleep = [](int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  };
  const Action first{Op::kBackwardInput, 0, 3}, second{Op::kBackwardWeight, 0, 3};
  const double start = wall_seconds();
  recorder.record_alternating(first, second, [&](const auto& pass) {
    sleep(10);
    pass();
    sleep(30);
    pass();
    sleep(10);
    pass();
  });
  const double whole = wall_seconds() - start;
  REQUIRE(recorder.spans().size() == 2);
  const Span &one = recorder.spans()[0], &two = recorder.spans()[1];
  CHECK(one.action == first);
  CHECK(two.action == second);
  CHECK(two.start == one.end);
  CHECK(one.end - one.start >= 0.02);
  CHECK(two.end - two.start >= 0.03);
  CHECK(two.end - one.start <= whole + 1e-9);
}

TEST_CASE("Other work has a name, and a new step forgets the one before") {
  const MemoryPool pool;
  Recorder recorder(pool);
  const double before = wall_seconds();
  recorder.begin(1);
  CHECK(recorder.origin() >= before);
  recorder.record({}, false, [] {});
  recorder.record_other("update", [] {});
  REQUIRE(recorder.other_work().size() == 1);
  CHECK(recorder.other_work()[0].name == "update");
  CHECK(recorder.other_work()[0].end >= recorder.other_work()[0].start);
  CHECK(recorder.other_work()[0].start >= recorder.spans()[0].end);
  recorder.begin(1);
  CHECK(recorder.spans().empty());
  CHECK(recorder.other_work().empty());
}

TEST_CASE("A span ends with what tensors then take") {
  MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(3);
  void* block = nullptr;
  recorder.record({}, false, [&] { block = pool.take(4096); });
  recorder.record_alternating({}, {}, [&](const auto& pass) {
    pass();
    pool.give_back(block, 4096);
  });
  REQUIRE(recorder.spans().size() == 3);
  CHECK(recorder.spans()[0].bytes == 4096);
  CHECK(recorder.spans()[1].bytes == 4096);
  CHECK(recorder.spans()[2].bytes == 0);
}

TEST_CASE("Microbatches are numbered from where they are told to be, until the next step begins") {
  MemoryPool pool;
  Recorder recorder(pool);
  recorder.begin(3);
  recorder.number_from(8);
  recorder.record({Op::kForward, 0, 1}, false, [] {});
  recorder.record_alternating({Op::kBackwardInput, 0, 2}, {Op::kBackwardWeight, 0, 2},
                              [](const auto&) {});
  std::string text;
  for (const Span& span : recorder.spans()) text += text_of(span.action) + " ";
  CHECK(text == "0F9 0I10 0W10 ");
  recorder.begin(1);
  recorder.record({Op::kForward, 0, 1}, false, [] {});
  CHECK(recorder.spans()[0].action.microbatch == 1);
}

}  // namespace recorder_test
