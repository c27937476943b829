// What a traced run leaves behind, and that it is what the schedule says.
#include "train/run_trace.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/trace/chrome_trace.h"
#include "schedule/trace/measured_step.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace run_trace_test {

namespace {

Config small_config(const std::string& schedule, int microbatches) {
  Config config;
  config.model = {.preset = "gpt", .depth = 4, .heads = 2, .width = 8, .context = 4};
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 11;
  return config;
}

// Five steps, of which `range` are traced into `path`.
void traced_run(const Config& config, int ranks, const std::string& path, TracedRange range) {
  const FixedSource source = FixedSource::counting(11, 4, 13);
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    World world{rank.rank(), std::vector<RankPlace>(static_cast<std::size_t>(ranks))};
    RunTrace trace(path, "test", range, world, rank.collective());
    rank.train(0, 5, [&](std::int64_t step, const StepResult&) {
      if (trace.covers(step + 1)) trace.keep(step + 1, rank.pipeline().runner.recorder(), {});
      if (trace.ends_with(step + 1)) trace.write();
    });
  });
}

std::vector<Action> actions_of(const std::vector<Span>& spans) {
  std::vector<Action> actions;
  for (const Span& span : spans) {
    if (!span.waiting) actions.push_back(span.action);
  }
  return actions;
}

std::vector<Action> compute_of(const std::vector<Action>& actions) {
  std::vector<Action> compute;
  for (const Action& action : actions) {
    if (is_compute(action.op)) compute.push_back(action);
  }
  return compute;
}

}  // namespace

TEST_CASE("What the engine executed is the schedule, action by action") {
  const TemporaryFolder folder;
  const std::string path = folder.path("trace.json");
  for (const std::string name : {"gpipe", "1f1b", "zb-h1", "interleaved", "zbv", "looped-bfs"}) {
    for (const int ranks : {2, 4}) {
      INFO(name << " on " << ranks << " ranks");
      traced_run(small_config(name, 8), ranks, path, {2, 4});
      const std::vector<TracedStep> steps = read_chrome_trace(path);
      REQUIRE(steps.size() == 3);
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 8);
      const Schedule lowered = lower(schedule);
      for (const TracedStep& step : steps) {
        REQUIRE(step.timeline.ranks.size() == static_cast<std::size_t>(ranks));
        for (std::size_t rank = 0; rank < lowered.ranks.size(); ++rank) {
          CHECK(actions_of(step.timeline.ranks[rank]) == compute_of(lowered.ranks[rank]));
        }
        CHECK(schedule_of(step.timeline, "trace").placement == schedule.placement);
      }
    }
  }
}

TEST_CASE("Spans of a rank follow each other, between them reduction and update") {
  const TemporaryFolder folder;
  const std::string path = folder.path("trace.json");
  traced_run(small_config("1f1b", 6), 2, path, {3, 5});
  const std::vector<TracedStep> steps = read_chrome_trace(path);
  std::vector<double> free(2, 0);
  for (const TracedStep& step : steps) {
    for (std::size_t rank = 0; rank < 2; ++rank) {
      for (const Span& span : step.timeline.ranks[rank]) {
        CHECK(span.start >= free[rank] - 1e-9);
        CHECK(span.end >= span.start);
        free[rank] = span.end;
      }
      REQUIRE(step.other_work[rank].size() == 2);
      CHECK(step.other_work[rank][0].name == "reduce");
      CHECK(step.other_work[rank][1].name == "update");
      for (const OtherWork& work : step.other_work[rank]) {
        CHECK(work.start >= free[rank] - 1e-9);
        free[rank] = work.end;
      }
    }
  }
  CHECK(free[0] < 60);  // from the start of the trace, not of the machine
}

TEST_CASE("Ten steps after the first two are traced, fewer of a short run or of huge steps") {
  const auto range = [](int ranks, int microbatches, std::int64_t steps) {
    const TracedRange r = traced_range(generate("1f1b", ranks, 1, microbatches), 1, steps);
    return std::pair{r.first, r.last};
  };
  using Pair = std::pair<std::int64_t, std::int64_t>;
  CHECK(range(4, 8, 1000) == Pair{3, 12});
  CHECK(range(4, 8, 12) == Pair{3, 12});
  CHECK(range(4, 8, 7) == Pair{3, 7});
  CHECK(range(4, 8, 2) == Pair{2, 2});
  CHECK(range(4, 8, 1) == Pair{1, 1});
  CHECK(range(64, 256, 1000) == Pair{3, 4});
  CHECK(range(64, 512, 1000) == Pair{3, 3});
  CHECK(range(64, 4096, 1000) == Pair{3, 3});
}

TEST_CASE("A trace that cannot be written is an error that says what to do") {
  const TemporaryFolder folder;
  InProcess group(1);
  group.run([&](int rank) {
    const auto collective = group.collective(rank);
    const RunTrace trace(folder.path("nowhere/trace.json"), "test", {}, {0, {{}}}, *collective);
    CHECK_THROWS_WITH(trace.write(),
                      ContainsSubstring("cannot write") && ContainsSubstring("train.output"));
  });
}

}  // namespace run_trace_test
