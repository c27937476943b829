#include "train/run_directory.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_list.h"
#include "data/temporary_folder.h"
#include "schedule/csv.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace run_directory_test {

namespace {

namespace fs = std::filesystem;

// What is set aside is warned of, which is not looked at here.
struct Silence {
  Silence() { spdlog::set_level(spdlog::level::off); }
  ~Silence() { spdlog::set_level(spdlog::level::info); }
};

Config config_of(const TemporaryFolder& at) {
  Config config;
  config.train.output = at.path("runs/x");
  return config;
}

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void begin(const Config& config, const Schedule& schedule, std::int64_t step) {
  RunDirectory directory(config);
  directory.begin(config, R"({"type": "none"})", schedule, step);
}

void write_checkpoint(const std::string& folder, std::int64_t step) {
  begin_checkpoint(folder, step);
  finish_checkpoint(folder, {.step = step}, {write_rank_file(folder, step, 0, 1, {})}, "{}", "");
}

}  // namespace

TEST_CASE("A run directory has what is needed to know and repeat the run") {
  const Silence silence;
  const TemporaryFolder at;
  const Config config = config_of(at);
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  begin(config, schedule, -1);
  const std::string folder = config.train.output;
  CHECK(text_in(folder + "/config.yaml") == resolved_yaml(config));
  CHECK(text_in(folder + "/tokenizer.json") == "{\"type\": \"none\"}\n");
  CHECK(text_in(folder + "/schedule.csv") == csv_of(schedule));
  CHECK(text_in(folder + "/metrics.jsonl").empty());
  begin(config, schedule, -1);  // the same once more puts only its log aside
  CHECK(fs::exists(folder + "/run.log"));
  const fs::directory_iterator aside(folder + "/set-aside");
  CHECK(std::distance(begin(aside), end(aside)) == 1);
  CHECK(fs::exists(folder + "/set-aside/run.log"));
}

TEST_CASE("What a new start replaces is kept, with checkpoints and metrics beyond its step") {
  const Silence silence;
  const TemporaryFolder at;
  Config config = config_of(at);
  const std::string folder = config.train.output;
  begin(config, generate("1f1b", 2, 1, 3), -1);
  const std::string before = text_in(folder + "/config.yaml");
  write_checkpoint(folder + "/checkpoints", 1);
  write_checkpoint(folder + "/checkpoints", 2);
  std::ofstream(folder + "/metrics.jsonl") << "{\"step\":1}\n{\"step\":2}\n";
  std::ofstream(trace_path(folder)) << "trace";
  config.train.seed = 5;
  begin(config, generate("gpipe", 2, 1, 3), 1);
  CHECK(text_in(folder + "/set-aside/config.yaml") == before);
  CHECK(text_in(folder + "/config.yaml") == resolved_yaml(config));
  CHECK(fs::exists(folder + "/set-aside/schedule.csv"));
  CHECK(!fs::exists(folder + "/set-aside/tokenizer.json"));  // it is the same
  CHECK(text_in(folder + "/set-aside/trace.json") == "trace");
  CHECK(text_in(folder + "/metrics.jsonl") == "{\"step\":1}\n");
  CHECK(checkpoint_steps(folder + "/checkpoints") == std::vector<std::int64_t>{1});
}

TEST_CASE("metrics.csv has the lines of metrics.jsonl, those that were kept, too") {
  const TemporaryFolder at;
  Config config = config_of(at);
  config.train.tensorboard = true;
  const std::string folder = config.train.output;
  fs::create_directories(folder);
  std::ofstream(folder + "/metrics.jsonl") << "{\"step\":1,\"loss\":4}\n";
  RunDirectory directory(config);
  directory.begin(config, R"({"type": "none"})", generate("1f1b", 2, 1, 3), 1);
  directory.write_metrics({{"step", 2}, {"loss", 3.5}});
  directory.sync_metrics();
  CHECK(text_in(folder + "/metrics.csv") == "step,loss\n1,4\n2,3.5\n");
  const auto is_event_file = [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with("events.out.tfevents.");
  };
  CHECK(std::count_if(fs::directory_iterator(folder), {}, is_event_file) == 1);
}

TEST_CASE("Until a run begins, what is there stays") {
  const TemporaryFolder at;
  const Config config = config_of(at);
  fs::create_directories(config.train.output);
  std::ofstream(config.train.output + "/metrics.jsonl") << "{\"step\":1}\n";
  {
    const RunDirectory directory(config);
  }
  CHECK(text_in(config.train.output + "/metrics.jsonl") == "{\"step\":1}\n");
  CHECK(!fs::exists(config.train.output + "/config.yaml"));
}

TEST_CASE("A run directory that cannot be made is refused") {
  const TemporaryFolder at;
  Config config;
  config.train.output = at.write("file", "") + "/x";
  try {
    const RunDirectory directory(config);
    FAIL("made");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    CHECK(contains(error.what(), "cannot make the run directory", "choose another train.output"));
  }
}

}  // namespace run_directory_test
