// A small checkpoint of two ranks, and what tests of checkpoints do with files and errors. It must
// not know what a single test looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "data/temporary_folder.h"

namespace pipetrain {

// A checkpoint of two ranks: a whole tensor each, and one cut in two.
struct Sample {
  Sample() : first(6), second(3), cut(12) {
    std::iota(first.begin(), first.end(), 0.5f);
    std::iota(second.begin(), second.end(), -7.25f);
    std::iota(cut.begin(), cut.end(), 100.0f);  // (3, 4); rank 0 has columns 0 and 1
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 4; ++column) {
        (column < 2 ? left : right).push_back(cut[static_cast<std::size_t>(4 * row + column)]);
      }
    }
  }

  std::string write(const TemporaryFolder& at, std::int64_t step = 500) const {
    const std::string checkpoints = at.path("checkpoints");
    begin_checkpoint(checkpoints, step);
    const std::string rank1 =
        write_rank_file(checkpoints, step, 1, 2,
                        {{"b", StoredType::kFloat32, {3}, {}, {}, second.data()},
                         {"cut", StoredType::kFloat32, {3, 4}, {0, 2}, {3, 2}, right.data()}});
    const std::string rank0 =
        write_rank_file(checkpoints, step, 0, 2,
                        {{"a", StoredType::kFloat32, {2, 3}, {}, {}, first.data()},
                         {"cut", StoredType::kFloat32, {3, 4}, {0, 0}, {3, 2}, left.data()}});
    return finish_checkpoint(checkpoints, position(step), {rank0, rank1}, R"({"type":"byte"})",
                             "train: {steps: 5}\n");
  }

  static TrainingPosition position(std::int64_t step) {
    return {.step = step,
            .rows = 12 * step,
            .microbatches = 6,
            .data = 2,
            .pipeline = 4,
            .virtual_stages = 2,
            .validation_loss = 1.8888,
            .targets = 640,
            .elapsed_seconds = 2.5,
            .skipped_steps = 3,
            .partition = {0, 3},
            .doubt = "the last 3 steps were not finite",
            .origin = {"pipetrain 1",
                       "2026-01-31T12:00:00Z",
                       "pipetrain --config a b",
                       2,
                       {{"/corpus.txt", 100, "0a1b2c3d"}},
                       90,
                       100}};
  }

  std::vector<float> first, second, cut, left, right;
};

inline std::vector<float> read(const Checkpoint& checkpoint, const std::string& name,
                               const Extents& shape) {
  std::vector<float> values(static_cast<std::size_t>(elements_of(shape, name)));
  checkpoint.read(name, shape, values);
  return values;
}

// The message of what `action` throws.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kCheckpoint);
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  return "no error";
}

inline void expect_text(const std::string& message, const std::string& part) {
  INFO(message);
  CHECK(message.find(part) != std::string::npos);
}

inline std::string text_in(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline void replace_in(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = text_in(path);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace pipetrain
