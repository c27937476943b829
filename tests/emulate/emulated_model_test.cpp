#include "emulate/emulated_model.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "data/temporary_folder.h"
#include "emulate/on_threads.h"
#include "setup/on_ranks.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

// Three layers.
constexpr const char* kImages =
    "model: {layers: [{conv2d: {channels: 4, kernel: 3}}, global_mean_pool,\n"
    "                 {linear: {features: classes}}]}\n"
    "data: {format: synthetic, image: [6, 6, 3], classes: 4, samples: 20}\n"
    "train: {steps: 3, batch_size: 8, output: run}\n";

// With layers that ranks could share.
constexpr const char* kTokens =
    "model: {preset: gpt, depth: 1, heads: 2, width: 8, context: 4, vocabulary: 13}\n"
    "data: {format: synthetic}\n"
    "train: {steps: 3, batch_size: 8, output: run}\n";

Startup started(Collective& world, const RunOptions& options) {
  return start_run({.world = world, .place = {.host = "a"}, .crowded = ""}, options, {});
}

RunOptions told(const TemporaryFolder& folder, const char* text,
                std::vector<std::string> overrides) {
  return {.config = folder.write("model.yaml", text),
          .overrides = std::move(overrides),
          .resume = {},
          .memory_limit = ""};
}

// On two ranks, what each of them has.
std::vector<Json> emulated(std::vector<std::string> overrides) {
  const TemporaryFolder folder;
  const RunOptions options = told(folder, kImages, std::move(overrides));
  std::vector<Json> found(2);
  InProcess group(2, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto world = group.collective(rank);
    Emulator emulator(links_on_threads(group, rank, pool), "here", /*oversubscribed=*/true,
                      {.steps = 1});
    found[static_cast<std::size_t>(rank)] =
        emulate_model(started(*world, options), emulator, *world);
  });
  return found;
}

std::string refusal(std::vector<std::string> overrides) {
  const TemporaryFolder folder;
  const RunOptions options = told(folder, kTokens, std::move(overrides));
  try {
    on_ranks(2, [&](Collective& world) {
      MemoryPool pool;
      Emulator emulator({.pool = pool, .mailbox = {}, .collective = {}, .check_name = {}}, "here",
                        false, {.steps = 1});
      emulate_model(started(world, options), emulator, world);
    });
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("Flags are overrides of the configuration, where they say something") {
  CHECK(overrides_of({}).empty());
  CHECK(
      overrides_of(
          {.schedule = "zb-h1", .microbatches = 4, .virtual_stages = 2, .live_microbatches = 2}) ==
      std::vector<std::string>{"pipeline.schedule=\"zb-h1\"", "pipeline.microbatches=4",
                               "pipeline.virtual_stages=2", "pipeline.live_microbatches=2"});
  CHECK(overrides_of({.live_microbatches = 2.5}) ==
        std::vector<std::string>{"pipeline.live_microbatches=2.5"});
}

TEST_CASE("A model is emulated with its own times and messages, cut as training would") {
  const std::vector<Json> found =
      emulated({"pipeline.microbatches=2", "pipeline.partition=uniform"});
  CHECK(found[0] == found[1]);
  const Json& one = found[0];
  CHECK(one["schedule"] == "1f1b");
  CHECK(one["microbatches"] == 2);
  CHECK(one["partition"] == Json{0, 2});
  CHECK_FALSE(one.contains("uniform"));
  CHECK(one["message_bytes"] == 4 * 4 * 4);  // 4 rows of 4 channels
  CHECK(one["rank_costs_ms"][0][0] > 0);
}

TEST_CASE("Another cut is compared with the uniform one on the same costs") {
  const Json one = emulated({"pipeline.microbatches=2", "pipeline.partition=[0, 1]"})[0];
  CHECK(one["partition"] == Json{0, 1});
  REQUIRE(one.contains("uniform"));
  CHECK(one["uniform"]["partition"] == Json{0, 2});
  CHECK(one["uniform"]["message_seconds"] == one["message_seconds"]);
  const auto sum = [](const Json& emulation) {
    double forward = 0;
    for (const Json& rank : emulation["rank_costs_ms"]) forward += rank[0].get<double>();
    return forward;
  };
  CHECK(sum(one["uniform"]) == Approx(sum(one)));
}

TEST_CASE("Replicas and shared layers are not emulated") {
  CHECK_THAT(refusal({"parallel.data=2"}), ContainsSubstring("parallel.data: emulate runs"));
  CHECK_THAT(refusal({"parallel.tensor=2"}), ContainsSubstring("parallel.tensor: emulate runs"));
}
