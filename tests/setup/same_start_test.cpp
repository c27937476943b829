#include "setup/same_start.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "setup/on_ranks.h"

using namespace pipetrain;

namespace same_start_test {

namespace {

// What each rank says that differs; the same on all of them, or the test fails.
std::string difference_of(const std::vector<std::string>& lines) {
  std::vector<std::string> found(lines.size());
  on_ranks(static_cast<int>(lines.size()), [&](Collective& world) {
    const auto rank = static_cast<std::size_t>(world.rank());
    found[rank] = difference_at_start(lines[rank], world);
  });
  for (const std::string& text : found) CHECK(text == found[0]);
  return found[0];
}

std::string started(const std::string& version, const std::string& command,
                    const std::string& trace = "1") {
  return "version: " + version + "\nbuild: 2\ncommand: " + command + "\n--trace: " + trace + "\n";
}

Config configured() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.train.steps = 5;
  return config;
}

}  // namespace

TEST_CASE("Ranks that were started alike differ in nothing") {
  CHECK(difference_of({started("1", "train")}).empty());
  CHECK(difference_of(std::vector<std::string>(3, started("1", "train"))).empty());
}

TEST_CASE("A rank of another version, command or option is named with what differs") {
  const std::string usual = started("1", "train");
  CHECK(difference_of({usual, started("2", "train")}) ==
        "rank 1 was started otherwise than rank 0, first in version; start all ranks with the same "
        "program, command line and configuration");
  CHECK_THAT(difference_of({usual, usual, started("1", "bench")}),
             ContainsSubstring("rank 2 was started otherwise than rank 0, first in command;"));
  CHECK_THAT(difference_of({usual, started("1", "train", "5"), started("2", "train")}),
             ContainsSubstring("ranks 1, 2 were started otherwise than rank 0, first in --trace;"));
  CHECK_THAT(difference_of({usual, usual + "--resume: 3\n"}), ContainsSubstring("--resume;"));
  CHECK_THAT(difference_of({usual + "--resume: 3\n", usual}), ContainsSubstring("--resume;"));
}

TEST_CASE("A key of the configuration that differs is named whole") {
  const Config usual = configured();
  Config width = usual, warmup = usual;
  width.model.width = 16;
  warmup.optimizer.schedule.warmup_steps = 1;
  const std::string lines = configuration_lines(usual);
  CHECK_THAT(difference_of({lines, configuration_lines(width)}),
             ContainsSubstring("first in model.width;"));
  CHECK_THAT(difference_of({lines, configuration_lines(warmup)}),
             ContainsSubstring("first in optimizer.schedule.warmup_steps;"));
}

TEST_CASE("A schedule's table that is another one on some host is found") {
  const TemporaryFolder folder;
  Config config = configured();
  config.pipeline.schedule = folder.write("mine.csv", "0F0,0B0\n");
  const std::string before = configuration_lines(config);
  CHECK(configuration_lines(config) == before);
  folder.write("mine.csv", "0F0,0F1,0B0,0B1\n");
  CHECK_THAT(difference_of({before, configuration_lines(config)}),
             ContainsSubstring("first in pipeline.schedule;"));
}

TEST_CASE("All ranks leave when some were started otherwise") {
  std::vector<int> gone_on(2);
  CHECK_THROWS_WITH(on_ranks(2,
                             [&](Collective& world) {
                               require_same_start("command: " + std::to_string(world.rank()),
                                                  world);
                               gone_on[static_cast<std::size_t>(world.rank())] = 1;
                             }),
                    ContainsSubstring("first in command;"));
  CHECK(gone_on == std::vector{0, 0});
  CHECK_NOTHROW(on_ranks(2, [](Collective& world) { require_same_start(program_lines(), world); }));
}

}  // namespace same_start_test
