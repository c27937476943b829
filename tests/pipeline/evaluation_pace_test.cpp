#include "pipeline/evaluation_pace.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include "catch.h"
#include "comm/in_process.h"
#include "schedule/limits.h"

using namespace pipetrain;

namespace evaluation_pace_test {

TEST_CASE("A rank begins a batch when the one before the last is through the last stage") {
  // Stages 0 and 2 on rank 0, 1 and 3 on rank 1.
  InProcess group(2, {.timeout_seconds = 20, .oversubscribed = true});
  constexpr int kBatches = 7;
  std::atomic<int> begun = 0;
  std::array<int, kBatches> begun_before_end = {};
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    EvaluationPace pace(*mailbox, pool, {0, 1, 0, 1}, {1});
    for (int batch = 0; batch < kBatches; ++batch) {
      const StepContext step{.mode = Mode::kEvaluate, .step = batch};
      pace.begin(step);
      if (rank == 0) {
        ++begun;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time to run ahead
        begun_before_end[static_cast<std::size_t>(batch)] = begun;
      }
      pace.end(step);
    }
    pace.finish();
    mailbox->flush();
  });
  for (int batch = 0; batch < kBatches; ++batch) {
    INFO("batch " << batch);
    CHECK(begun_before_end[static_cast<std::size_t>(batch)] <= batch + kEvaluationBatches);
  }
  CHECK(begun == kBatches);
}

TEST_CASE("The rank that feeds all replicas waits for each of them") {
  // Replica 0 on rank 0 alone, replica 1 on rank 1, which is slow.
  InProcess group(2, {.timeout_seconds = 20, .oversubscribed = true});
  constexpr int kBatches = 5;
  std::atomic<int> begun = 0;
  std::atomic<int> most_ahead = 0;
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    EvaluationPace pace(*mailbox, pool, {rank}, {0, 1});
    for (int batch = 0; batch < kBatches; ++batch) {
      const StepContext step{.mode = Mode::kEvaluate, .step = batch};
      pace.begin(step);
      if (rank == 0) {
        ++begun;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        most_ahead = std::max<int>(most_ahead, begun - batch);
      }
      pace.end(step);
    }
    pace.finish();
    mailbox->flush();
  });
  CHECK(most_ahead <= kEvaluationBatches);
  CHECK(begun == kBatches);
}

TEST_CASE("Of ranks that share layers one tells the rank that feeds them") {
  InProcess group(2, {.timeout_seconds = 20, .oversubscribed = true});
  group.run([&](int rank) {  // which fails where a message is left over
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    EvaluationPace pace(*mailbox, pool, {rank}, {0});
    const StepContext step{.mode = Mode::kEvaluate};
    pace.begin(step);
    pace.end(step);
    pace.finish();
  });
  SUCCEED();
}

}  // namespace evaluation_pace_test
