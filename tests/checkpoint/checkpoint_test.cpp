#include "checkpoint/checkpoint.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace checkpoint_test {

TEST_CASE("A checkpoint gives back what the ranks wrote, by global name") {
  const TemporaryFolder at;
  const Sample sample;
  const std::string folder = sample.write(at);
  CHECK(folder == at.path("checkpoints/step-00000500"));
  CHECK(std::filesystem::exists(folder + "/shard-00001-of-00002.safetensors"));
  const Checkpoint checkpoint = open_checkpoint(folder);
  checkpoint.verify();
  const TrainingPosition& found = checkpoint.position();
  CHECK(found.step == 500);
  CHECK(found.rows == 6000);
  CHECK(found.microbatches == 6);
  CHECK(found.data == 2);
  CHECK(found.tensor == 1);
  CHECK(found.pipeline == 4);
  CHECK(found.virtual_stages == 2);
  CHECK(found.validation_loss == 1.8888);
  CHECK(found.targets == 640);
  CHECK(found.elapsed_seconds == 2.5);
  CHECK(found.skipped_steps == 3);
  CHECK(found.partition == std::vector<int>{0, 3});
  CHECK(found.doubt == "the last 3 steps were not finite");
  CHECK(found.origin.command == "pipetrain --config a b");
  CHECK(found.origin.files == Sample::position(500).origin.files);
  CHECK(checkpoint.names() == std::vector<std::string>{"a", "b", "cut"});
  CHECK(checkpoint.shape("a") == Extents{2, 3});
  CHECK(read(checkpoint, "a", {2, 3}) == sample.first);
  CHECK(read(checkpoint, "b", {3}) == sample.second);
  CHECK(read(checkpoint, "cut", {3, 4}) == sample.cut);
  CHECK(checkpoint.tokenizer_json() == R"({"type":"byte"})");
  CHECK(checkpoint.config_yaml() == "train: {steps: 5}\n");
}

TEST_CASE("bfloat16 weights are read as float32") {
  const TemporaryFolder at;
  const std::vector<std::uint16_t> halves = {0x3F80, 0xC000};  // 1, -2
  begin_checkpoint(at.path(""), 1);
  const std::string list = write_rank_file(
      at.path(""), 1, 0, 1, {{"w", StoredType::kBFloat16, {2}, {}, {}, halves.data()}});
  const Checkpoint checkpoint =
      open_checkpoint(finish_checkpoint(at.path(""), {.step = 1}, {list}, "{}", ""));
  CHECK(read(checkpoint, "w", {2}) == std::vector<float>{1, -2});
}

TEST_CASE("A tensor that is missing or has another shape is named") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = open_checkpoint(Sample().write(at));
  expect_text(error_of([&] { read(checkpoint, "none", {3}); }), "has no tensor none");
  expect_text(error_of([&] { read(checkpoint, "a", {3, 2}); }),
              "tensor a has shape (2, 3), expected (3, 2)");
}

TEST_CASE("A part of a tensor of one axis comes from whatever slices hold it") {
  const TemporaryFolder at;
  std::vector<float> values(10);
  std::iota(values.begin(), values.end(), 0.0f);
  begin_checkpoint(at.path(""), 1);
  std::vector<std::string> lists;
  for (const auto& [rank, first, count] :
       {std::tuple(0, 0, 4), std::tuple(1, 4, 5), std::tuple(2, 9, 1)}) {
    lists.push_back(write_rank_file(at.path(""), 1, rank, 3,
                                    {{"m",
                                      StoredType::kFloat32,
                                      {10},
                                      {first},
                                      {count},
                                      &values[static_cast<std::size_t>(first)]}}));
  }
  const Checkpoint checkpoint =
      open_checkpoint(finish_checkpoint(at.path(""), {.step = 1}, lists, "{}", ""));
  for (const auto& [first, count] :
       {std::pair(0, 10), std::pair(2, 5), std::pair(8, 2), std::pair(5, 1)}) {
    std::vector<float> part(static_cast<std::size_t>(count));
    checkpoint.read_slice("m", {10}, {first}, {count}, part);
    for (int i = 0; i < count; ++i)
      CHECK(part[static_cast<std::size_t>(i)] == static_cast<float>(first + i));
  }
  std::vector<float> part(2);
  expect_text(error_of([&] { checkpoint.read_slice("m", {11}, {0}, {2}, part); }),
              "tensor m has shape (10), expected (11)");
}

TEST_CASE("A slice of a tensor comes from all files that have some of it") {
  const TemporaryFolder at;
  begin_checkpoint(at.path(""), 1);
  std::vector<float> values(5 * 6);  // of (row, column): 10 row + column
  std::vector<std::string> lists;
  // Left of column 4 by rows {0, 1, 2} and {3, 4}; the rest in one piece.
  struct Piece {
    std::int64_t row, column, rows, columns;
  };
  int rank = 0;
  for (const Piece& p : {Piece{0, 0, 3, 4}, Piece{3, 0, 2, 4}, Piece{0, 4, 5, 2}}) {
    std::vector<float> piece;
    for (std::int64_t i = 0; i < p.rows * p.columns; ++i) {
      piece.push_back(static_cast<float>(10 * (p.row + i / p.columns) + p.column + i % p.columns));
    }
    lists.push_back(write_rank_file(at.path(""), 1, rank++, 3,
                                    {{"m",
                                      StoredType::kFloat32,
                                      {5, 6},
                                      {p.row, p.column},
                                      {p.rows, p.columns},
                                      piece.data()}}));
  }
  const Checkpoint checkpoint =
      open_checkpoint(finish_checkpoint(at.path(""), {.step = 1}, lists, "{}", ""));
  for (const Piece& p :
       {Piece{0, 0, 5, 6}, Piece{2, 3, 2, 2}, Piece{1, 0, 3, 1}, Piece{4, 4, 1, 2}}) {
    std::vector<float> found(static_cast<std::size_t>(p.rows * p.columns), -1.0f);
    checkpoint.read_slice("m", {5, 6}, {p.row, p.column}, {p.rows, p.columns}, found);
    for (std::int64_t i = 0; i < p.rows * p.columns; ++i) {
      CHECK(found[static_cast<std::size_t>(i)] ==
            static_cast<float>(10 * (p.row + i / p.columns) + p.column + i % p.columns));
    }
  }
}

}  // namespace checkpoint_test
