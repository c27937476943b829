#include "setup/resume_point.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "setup/on_ranks.h"

using namespace pipetrain;

namespace resume_point_test {

namespace {

constexpr int kRanks = 2;

std::string save(const TemporaryFolder& run, std::int64_t step) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.data.path = {"/corpus.txt"};
  config.train.steps = 9;
  config.train.output = run.path("");
  const std::string checkpoints = run.path("checkpoints");
  const std::vector<float> values = {1, 2, 3};
  begin_checkpoint(checkpoints, step);
  const std::string list = write_rank_file(
      checkpoints, step, 0, 1, {{"a", StoredType::kFloat32, {3}, {}, {}, values.data()}});
  return finish_checkpoint(checkpoints, {.step = step, .rows = 8 * step, .microbatches = 4}, {list},
                           "", resolved_yaml(config));
}

// Changes the last byte of its tensors.
void damage(const std::string& checkpoint) {
  for (const auto& entry : std::filesystem::directory_iterator(checkpoint)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('\x55');
  }
}

// What each rank finds.
std::vector<ResumePoint> find(const ResumeRequest& request, const TemporaryFolder& run) {
  std::vector<ResumePoint> found(kRanks);
  on_ranks(kRanks, [&](Collective& world) {
    found[static_cast<std::size_t>(world.rank())] = find_resume_point(request, run.path(""), world);
  });
  return found;
}

ExitCode code_of(const ResumeRequest& request, const TemporaryFolder& run) {
  try {
    find(request, run);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::kDone;
}

}  // namespace

TEST_CASE("A run begins anew if nobody asked, or if there is no checkpoint yet") {
  const TemporaryFolder run;
  for (const ResumePoint& point : find({.asked = true}, run)) CHECK(point.folder.empty());
  save(run, 3);
  for (const ResumePoint& point : find({}, run)) CHECK(point.folder.empty());
}

TEST_CASE("A run goes on from the newest checkpoint, or from the one that was named") {
  const TemporaryFolder run;
  const std::string older = save(run, 3), newest = save(run, 6);
  for (const ResumePoint& point : find({.asked = true}, run)) {
    CHECK(std::filesystem::equivalent(point.folder, newest));
    CHECK(point.position.step == 6);
    CHECK(point.position.microbatches == 4);
    REQUIRE(point.config);
    CHECK(point.config->train.steps == 9);
    CHECK(point.refused.empty());
  }
  for (const ResumePoint& point : find({.asked = true, .folder = older}, run)) {
    CHECK(point.folder == older);
    CHECK(point.position.step == 3);
  }
}

TEST_CASE("A damaged newest checkpoint is passed over, and rank 0 knows why") {
  const TemporaryFolder run;
  const std::string older = save(run, 3), newest = save(run, 6);
  damage(newest);
  const std::vector<ResumePoint> found = find({.asked = true}, run);
  for (const ResumePoint& point : found) {
    CHECK(std::filesystem::equivalent(point.folder, older));
    CHECK(point.position.step == 3);
  }
  REQUIRE(found[0].refused.size() == 1);
  CHECK_THAT(found[0].refused[0], ContainsSubstring("step-00000006"));
  CHECK(found[1].refused.empty());
}

TEST_CASE("A run does not begin anew over checkpoints none of which is good") {
  const TemporaryFolder run;
  const std::string only = save(run, 3);
  damage(only);
  CHECK_THROWS_WITH(find({.asked = true}, run),
                    ContainsSubstring("move them away to start from the beginning"));
  CHECK(code_of({.asked = true}, run) == ExitCode::kCheckpoint);
  CHECK(code_of({.asked = true, .folder = only}, run) == ExitCode::kCheckpoint);
  CHECK(code_of({.asked = true, .folder = run.path("nowhere")}, run) == ExitCode::kCheckpoint);
}

}  // namespace resume_point_test
