#include "checkpoint/checkpoint_list.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace checkpoint_list_test {

namespace {

namespace fs = std::filesystem;

using Steps = std::vector<std::int64_t>;

struct Run {
  std::string folder() const { return at.path("checkpoints"); }
  std::string write(std::int64_t step, std::optional<double> loss = std::nullopt,
                    const std::string& doubt = "") const {
    begin_checkpoint(folder(), step);
    const float value = static_cast<float>(step);
    const std::string list =
        write_rank_file(folder(), step, 0, 1, {{"w", StoredType::kFloat32, {1}, {}, {}, &value}});
    return finish_checkpoint(folder(), {.step = step, .validation_loss = loss, .doubt = doubt},
                             {list}, "{}", "");
  }
  // One wrong bit in the weights.
  static void damage(const std::string& checkpoint) {
    const std::string file = checkpoint + "/shard-00000-of-00001.safetensors";
    std::fstream shard(file, std::ios::in | std::ios::out | std::ios::binary);
    shard.seekg(-1, std::ios::end);
    const int last = shard.get();
    shard.seekp(-1, std::ios::end);
    shard.put(static_cast<char>(last ^ 1));
  }

  TemporaryFolder at;
};

}  // namespace

TEST_CASE("Only folders that are complete count as checkpoints") {
  const Run run;
  CHECK(checkpoint_steps(run.folder()).empty());
  run.write(20);
  run.write(5);
  begin_checkpoint(run.folder(), 30);                       // never finished
  fs::create_directories(run.folder() + "/step-00000040");  // without a manifest
  fs::create_directories(run.folder() + "/step-x");
  CHECK(checkpoint_steps(run.folder()) == Steps{5, 20});
}

TEST_CASE("The newest good checkpoint is found behind damaged ones, which are named") {
  const Run run;
  std::vector<std::string> refused;
  const auto newest = [&] {
    refused.clear();
    return newest_good_checkpoint(run.folder(),
                                  [&](const std::string& why) { refused.push_back(why); });
  };
  CHECK(!newest());
  const std::string first = run.write(1), second = run.write(2), third = run.write(3);
  CHECK(newest() == third);
  CHECK(refused.empty());
  Run::damage(third);
  fs::resize_file(second + "/manifest.json", 20);
  CHECK(newest() == first);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].find("tensor w does not match its checksum") != std::string::npos);
  CHECK(refused[1].find("manifest.json") != std::string::npos);
  fs::remove(third + "/manifest.json");  // said as other damage is
  CHECK(newest() == first);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].find("step-00000003: has no manifest.json") != std::string::npos);
  SetAside aside(run.at.path(""));
  set_aside_newer(run.folder(), 1, aside);
  CHECK(fs::exists(run.folder() + "/set-aside/step-00000003/shard-00000-of-00001.safetensors"));
  Run::damage(first);
  CHECK(!newest());
}

TEST_CASE("The newest are kept, and the best") {
  const Run run;
  run.write(1, 2.0);
  run.write(2, 1.5);
  run.write(3, 1.7);
  run.write(4);
  run.write(5, 1.6);
  remove_old_checkpoints(run.folder(), 5, 2);
  CHECK(checkpoint_steps(run.folder()) == Steps{2, 4, 5});
  run.write(6, 1.1);
  remove_old_checkpoints(run.folder(), 6, 1);
  CHECK(checkpoint_steps(run.folder()) == Steps{6});
  // A newer one is neither counted nor removed.
  run.write(3);
  run.write(4);
  remove_old_checkpoints(run.folder(), 4, 2);
  CHECK(checkpoint_steps(run.folder()) == Steps{3, 4, 6});
  run.write(5);
  remove_old_checkpoints(run.folder(), 5, 1);
  CHECK(checkpoint_steps(run.folder()) == Steps{5, 6});
}

TEST_CASE("The best one has a link, which follows what is there") {
  const Run run;
  const auto best = [&] {
    link_best_checkpoint(run.folder());
    return fs::read_symlink(run.folder() + "/best").string();
  };
  run.write(1);
  link_best_checkpoint(run.folder());
  CHECK(!fs::is_symlink(run.folder() + "/best"));
  run.write(2, 2.0);
  CHECK(best() == "step-00000002");
  run.write(3, 1.5);
  CHECK(best() == "step-00000003");
  run.write(4, 1.7);
  CHECK(best() == "step-00000003");
  SetAside aside(run.at.path(""));
  set_aside_newer(run.folder(), 2, aside);
  CHECK(fs::read_symlink(run.folder() + "/best") == "step-00000002");
  SetAside all(run.at.path(""));
  set_aside_newer(run.folder(), -1, all);
  CHECK(!fs::is_symlink(run.folder() + "/best"));
}

TEST_CASE("A checkpoint in doubt is not gone on from, and takes no good one's place") {
  const Run run;
  const std::string good = run.write(1);
  run.write(2, std::nullopt, "the last step was not finite");
  std::string refused;
  CHECK(newest_good_checkpoint(run.folder(), [&](const std::string& why) { refused = why; }) ==
        good);
  CHECK(refused.find("step-00000002: may hold ruined weights (the last step was not finite)") !=
        std::string::npos);
  remove_old_checkpoints(run.folder(), 2, 1);
  CHECK(checkpoint_steps(run.folder()) == Steps{1, 2});
}

TEST_CASE("A run that goes on from an older checkpoint puts the newer ones aside") {
  const Run run;
  const auto start = [&](std::int64_t step) {
    SetAside aside(run.at.path(""));
    return set_aside_newer(run.folder(), step, aside);
  };
  CHECK(start(0).empty());
  CHECK(!fs::exists(run.folder()));
  for (const std::int64_t step : {1, 2, 3}) run.write(step);
  begin_checkpoint(run.folder(), 4);  // and the job ended
  CHECK(start(1) == Steps{2, 3});
  CHECK(checkpoint_steps(run.folder()) == Steps{1});
  CHECK(checkpoint_steps(run.folder() + "/set-aside") == Steps{2, 3});
  CHECK(!fs::exists(partial_folder(run.folder(), 4)));
  run.write(2);  // again, and given up again
  run.write(0);
  CHECK(start(-1) == Steps{0, 1, 2});
  for (const std::string step : {"0", "1", "2"}) {
    CHECK(fs::exists(run.folder() + "/set-aside/step-0000000" + step + ".2/manifest.json"));
  }
  CHECK(checkpoint_steps(run.folder() + "/set-aside") == Steps{2, 3});
}

TEST_CASE("A folder that cannot be read is not taken for one without checkpoints") {
  const Run run;
  const auto refused = [&](const std::string& why) {
    try {
      checkpoint_steps(run.folder());
    } catch (const Error& error) {
      return error.code() == ExitCode::kCheckpoint &&
             std::string(error.what()).find("cannot be read: " + why) != std::string::npos;
    }
    return false;
  };
  CHECK(checkpoint_steps(run.folder()).empty());
  fs::create_symlink("nowhere", run.folder());  // a disk that is not mounted
  CHECK(refused("No such file or directory"));
  fs::remove(run.folder());
  fs::create_symlink("checkpoints", run.folder());
  CHECK(refused("Too many levels"));
}

TEST_CASE("Copies under other names are no checkpoints of the run, and links lead to others'") {
  const Run run, other;
  for (const std::int64_t step : {1, 2}) run.write(step);
  fs::copy(checkpoint_folder(run.folder(), 2), run.folder() + "/step-9");
  CHECK(checkpoint_steps(run.folder()) == Steps{1, 2});
  const std::string lent = other.write(1);
  fs::remove_all(checkpoint_folder(run.folder(), 1));
  fs::create_directory_symlink(lent, checkpoint_folder(run.folder(), 1));
  CHECK(checkpoint_steps(run.folder()) == Steps{1, 2});
  remove_old_checkpoints(run.folder(), 2, 1);
  CHECK(checkpoint_steps(run.folder()) == Steps{2});
  CHECK(checkpoint_steps(other.folder()) == Steps{1});
}

TEST_CASE("A checkpoint of the same step is replaced in one go") {
  const Run run;
  run.write(1, 2.0);
  const std::string folder = run.write(1, 1.0);
  CHECK(read_manifest(folder).position.validation_loss == 1.0);
  CHECK(!fs::exists(partial_folder(run.folder(), 1)));
}

}  // namespace checkpoint_list_test
