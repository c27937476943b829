#include "plan/beside_pipeline.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "schedule/limits.h"

using namespace pipetrain;

namespace {

RankParameters parameters_of(std::int64_t elements) {
  RankParameters made;
  made.stage_elements = {elements};
  return made;
}

// Two ranks that compute for 6 s each, the second from second 3 on.
Timeline timeline() {
  const auto span = [](double start, double end, bool waiting) {
    return Span{{Op::kForward, 0, 0}, waiting, start, end};
  };
  return {{{span(0, 6, false)}, {span(0, 3, true), span(3, 9, false)}}, {}};
}

}  // namespace

TEST_CASE("Gathering sends all shares but one's own, bucket by bucket") {
  const MachineProfile machine{.message_latency_seconds = 3, .message_bytes_per_second = 8};
  CHECK(gather_seconds(1000, 1, machine) == 0);
  CHECK(gather_seconds(1000, 4, machine) == Approx(3 * 3 + 0.75 * 4 * 1000 / 8));
  CHECK(gather_seconds(kBucketElements + 1, 2, machine) ==
        Approx(2 * 3 + 0.5 * 4 * static_cast<double>(kBucketElements + 1) / 8));
}

TEST_CASE("The update delays a step by what a rank would not have waited for anyway") {
  const MachineProfile machine{.update_seconds_per_element = 0.5, .read_seconds_per_row = 0.25};
  const auto beside = [&](std::int64_t first, std::int64_t second) {
    return seconds_beside(paces_of(timeline()), {parameters_of(first), parameters_of(second)},
                          machine, 8, {.pipeline = 2});
  };
  CHECK(beside(10, 0) == Approx(2 + 5));  // rank 0 reads 8 rows, too
  CHECK(beside(0, 30) == Approx(15 - 3));
  CHECK(beside(0, 4) == Approx(2));  // rank 1 waits for longer than its update takes
}

TEST_CASE("Replicas that shard the optimizer update their share") {
  const MachineProfile machine{.message_bytes_per_second = 1e18, .update_seconds_per_element = 0.5};
  Candidate candidate{.data = 2, .pipeline = 2};
  const std::vector<RankParameters> parameters{parameters_of(40), parameters_of(0)};
  CHECK(seconds_beside(paces_of(timeline()), parameters, machine, 8, candidate) == Approx(20));
  candidate.shard = Shard::kOptimizer;
  CHECK(seconds_beside(paces_of(timeline()), parameters, machine, 8, candidate) == Approx(10));
}

TEST_CASE("A tied parameter's gradient goes both ways") {
  const MachineProfile machine{.message_latency_seconds = 1, .message_bytes_per_second = 2};
  std::vector<RankParameters> parameters{parameters_of(4), parameters_of(4)};
  parameters[0].exchanged = parameters[1].exchanged = {{.elements = 400}};
  const auto beside = [&] {
    return seconds_beside(paces_of(timeline()), parameters, machine, 8, {.pipeline = 2});
  };
  CHECK(beside() == Approx(2 * (1 + 4 * 400 / 2)));
  // Of a table that is looked up, the first use's touched rows and their numbers only.
  parameters[0].exchanged[0].row_elements = parameters[1].exchanged[0].row_elements = 10;
  parameters[0].exchanged[0].ids_per_input = parameters[1].exchanged[0].ids_per_input = 2;
  CHECK(beside() == Approx(1 + 4 * 400 / 2 + 1 + 16 * (4 + 4 * 10) / 2));
}

TEST_CASE("The sum over replicas hides behind the last microbatch, all but its last bucket") {
  constexpr std::int64_t kElements = 4 * kBucketElements;
  MachineProfile machine{.message_bytes_per_second = 0.5 * 4 * kBucketElements};
  // A bucket takes a second: 4 s to scatter, 4 s to gather. Rank 0 computes for 6 s.
  Candidate candidate{.data = 2, .pipeline = 2};
  const std::vector<RankParameters> parameters{parameters_of(kElements), parameters_of(0)};
  const auto beside = [&] {
    return seconds_beside(paces_of(timeline()), parameters, machine, 8, candidate);
  };
  CHECK(beside() == Approx(8 - 6.0 / 3));
  candidate.microbatches = 4;  // the last one's gradients are there a quarter as long
  CHECK(beside() == Approx(8 - 6.0 / 12));
  machine.message_bytes_per_second *= 8;  // 1 s in all, less than the 2 s of the last microbatch
  candidate.microbatches = 1;
  CHECK(beside() == Approx(2.0 / 8));
  candidate.shard = Shard::kParameters;  // scattered after each microbatch, beside all work
  candidate.microbatches = 16;
  CHECK(beside() == Approx(16 * 0.5 - 6));
}
