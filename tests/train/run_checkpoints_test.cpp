#include "train/run_checkpoints.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "catch.h"
#include "checkpoint/checkpoint_list.h"
#include "comm/in_process.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace run_checkpoints_test {

namespace {

constexpr int kRanks = 2;

// Each rank writes half of a tensor of 8; the values are step, step + 1, ...
RunCheckpoints::Contents contents(std::int64_t step, int rank, std::vector<float>& half) {
  half.resize(4);
  std::iota(half.begin(), half.end(), static_cast<float>(step + 4 * rank));
  return {.position = {.step = step},
          .tensors = {{"w", StoredType::kFloat32, {8}, {4 * rank}, {4}, half.data()}},
          .tokenizer_json = "{}",
          .config_yaml = ""};
}

TrainConfig config_of(const TemporaryFolder& at, bool background) {
  TrainConfig config;
  config.output = at.path("run");
  config.checkpoint_background = background;
  return config;
}

std::vector<float> values_in(const std::string& checkpoints, std::int64_t step) {
  std::vector<float> values(8);
  open_checkpoint(checkpoint_folder(checkpoints, step)).read("w", {8}, values);
  return values;
}

}  // namespace

TEST_CASE("A checkpoint holds what was there when it began, whatever is trained meanwhile") {
  for (const bool background : {false, true}) {
    const TemporaryFolder at;
    const TrainConfig config = config_of(at, background);
    InProcess group(kRanks);
    std::vector<std::size_t> taken(kRanks);
    group.run([&](int rank) {
      MemoryPool pool;
      const auto world = group.collective(rank);
      RunCheckpoints checkpoints(config, *world, pool);
      std::vector<float> half;
      for (const std::int64_t step : {10, 20, 30}) {
        checkpoints.write(contents(step, rank, half), true);
        half.assign(4, -1.0f);  // the next step
      }
      checkpoints.complete();
      taken[static_cast<std::size_t>(rank)] = pool.system_allocations();
    });
    const std::string folder = config.output + "/checkpoints";
    CHECK(checkpoint_steps(folder) == std::vector<std::int64_t>{10, 20, 30});
    for (const std::int64_t step : {10, 20, 30}) {
      std::vector<float> expected(8);
      std::iota(expected.begin(), expected.end(), static_cast<float>(step));
      CHECK(values_in(folder, step) == expected);
    }
    CHECK(taken[0] == (background ? 1 : 0));  // one copy for all
  }
}

TEST_CASE("Where a checkpoint cannot be written, training stops or goes on, and older ones stay") {
  spdlog::set_level(spdlog::level::off);
  for (const OnWriteError on_error : {OnWriteError::kStop, OnWriteError::kContinue}) {
    const TemporaryFolder at;
    TrainConfig config = config_of(at, true);
    config.on_write_error = on_error;
    const std::string folder = config.output + "/checkpoints";
    InProcess group(kRanks);
    std::vector<std::string> errors(kRanks);
    group.run([&](int rank) {
      MemoryPool pool;
      const auto world = group.collective(rank);
      RunCheckpoints checkpoints(config, *world, pool);
      std::vector<float> half;
      checkpoints.write(contents(1, rank, half), true);
      checkpoints.complete();
      world->barrier();
      try {
        RunCheckpoints::Contents second = contents(2, rank, half);
        second.tensors[0].name = rank == 0 ? "w" : "of another shape";
        if (rank == 1) second.tensors[0].shape = {7};  // leaves the tensor: refused at the end
        checkpoints.write(second, true);
        checkpoints.complete();
      } catch (const Error& error) {
        errors[static_cast<std::size_t>(rank)] = error.what();
        if (error.code() != ExitCode::kCheckpoint) throw;
      }
      world->barrier();
    });
    CHECK(checkpoint_steps(folder) == std::vector<std::int64_t>{1});
    CHECK(!std::filesystem::exists(partial_folder(folder, 2)));  // a full disk needs the space
    CHECK(errors[0] == errors[1]);
    CHECK(errors[0].empty() == (on_error == OnWriteError::kContinue));
    if (on_error == OnWriteError::kStop)
      CHECK(errors[0].find("of another shape") != std::string::npos);
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace run_checkpoints_test
