#include "train/announcement.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace announcement_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  return config;
}

// What rank 0 of these cores would say.
std::vector<LogLine> said(const Config& config, int cores) {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  std::vector<LogLine> lines;
  run_ranks(config, source, 1, [&](RankThread& rank) {
    const World world{0, {{.host = "node7", .threads = 2, .cores = cores}}};
    lines = announcement(config, world, source, rank.pipeline());
  });
  return lines;
}

bool has(const std::vector<LogLine>& lines, const std::string& text,
         spdlog::level::level_enum level = spdlog::level::info) {
  return std::any_of(lines.begin(), lines.end(), [&](const LogLine& line) {
    return line.level == level && contains(line.text, text);
  });
}

}  // namespace

TEST_CASE("A run says where it runs, on what data, and how its model is cut") {
  const std::vector<LogLine> lines = said(gpt(), 2);
  CHECK(contains(lines.front().text, "node7"));
  CHECK(has(lines, "data: fixed rows"));
  CHECK(has(lines, "pipeline: 1f1b, 1 stage"));
  CHECK(std::none_of(lines.begin(), lines.end(), [](const LogLine& line) {
    return line.level == spdlog::level::warn || contains(line.text, "has no effect");
  }));
}

TEST_CASE("A run warns of threads that outnumber cores") {
  CHECK(has(said(gpt(), 1), "threads outnumber cores", spdlog::level::warn));
}

TEST_CASE("A run says that one replica has nothing to share out") {
  Config config = gpt();
  config.parallel.shard = Shard::kOptimizer;
  CHECK(has(said(config, 2), "parallel.shard optimizer has no effect"));
}

}  // namespace announcement_test
