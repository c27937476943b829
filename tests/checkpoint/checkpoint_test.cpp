#include "checkpoint/checkpoint.h"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

namespace fs = std::filesystem;

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

std::vector<float> read(const Checkpoint& checkpoint, const std::string& name,
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

void expect_text(const std::string& message, const std::string& part) {
  INFO(message);
  CHECK(message.find(part) != std::string::npos);
}

std::string text_in(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void replace_in(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = text_in(path);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("A checkpoint gives back what the ranks wrote, by global name") {
  const TemporaryFolder at;
  const Sample sample;
  const std::string folder = sample.write(at);
  CHECK(folder == at.path("checkpoints/step-00000500"));
  CHECK(fs::exists(folder + "/shard-00001-of-00002.safetensors"));
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

TEST_CASE("What an older manifest does not say is not known, and no error") {
  nlohmann::json older = nlohmann::json::parse(manifest_text({.position = Sample::position(7)}));
  for (const char* key : {"targets", "elapsed_seconds", "skipped_steps", "doubt", "origin"}) {
    CHECK(older.erase(key) == 1);
  }
  const TrainingPosition at = parse_manifest(older.dump(), "manifest.json").position;
  CHECK(at.step == 7);
  CHECK(!at.targets);
  CHECK(at.skipped_steps == 0);
  CHECK(at.origin.hosts == 0);
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

TEST_CASE("Until it is finished, a checkpoint is none; then nothing else is left") {
  const TemporaryFolder at;
  const Sample sample;
  begin_checkpoint(at.path("checkpoints"), 500);
  write_rank_file(at.path("checkpoints"), 500, 0, 1, {});
  CHECK(!fs::exists(at.path("checkpoints/step-00000500")));
  CHECK(!fs::exists(partial_folder(at.path("checkpoints"), 500) + "/manifest.json"));
  const std::string folder = sample.write(at);  // in place of what was left
  sample.write(at);                             // the same step again
  open_checkpoint(folder).verify();
  int entries = 0;
  for (const auto& entry : fs::directory_iterator(at.path("checkpoints"))) {
    CHECK(entry.path().filename() == "step-00000500");
    ++entries;
  }
  CHECK(entries == 1);
}

TEST_CASE("Slices that do not make up their tensor are not accepted") {
  const TemporaryFolder at;
  const std::vector<float> values(12);
  auto finish = [&](const std::vector<CheckpointTensor>& one,
                    const std::vector<CheckpointTensor>& two) {
    begin_checkpoint(at.path(""), 1);
    const std::vector<std::string> lists = {write_rank_file(at.path(""), 1, 0, 2, one),
                                            write_rank_file(at.path(""), 1, 1, 2, two)};
    return error_of([&] { finish_checkpoint(at.path(""), {.step = 1}, lists, "{}", ""); });
  };
  const CheckpointTensor whole = {"w", StoredType::kFloat32, {3, 4}, {}, {}, values.data()};
  const CheckpointTensor left = {"w", StoredType::kFloat32, {3, 4}, {0, 0}, {3, 2}, values.data()};
  const CheckpointTensor outside = {"w",    StoredType::kFloat32, {3, 4}, {0, 2},
                                    {3, 3}, values.data()};
  expect_text(finish({whole}, {whole}), "tensor w: its slices overlap");
  expect_text(finish({left}, {}), "tensor w: its slices leave out 6 elements");
  expect_text(finish({left}, {outside}),
              "tensor w: slice (3, 3) at (0, 2) leaves the tensor (3, 4)");
  CHECK(!fs::exists(checkpoint_folder(at.path(""), 1)));
}

TEST_CASE("A tensor that is missing or has another shape is named") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = open_checkpoint(Sample().write(at));
  expect_text(error_of([&] { read(checkpoint, "none", {3}); }), "has no tensor none");
  expect_text(error_of([&] { read(checkpoint, "a", {3, 2}); }),
              "tensor a has shape (2, 3), expected (3, 2)");
}

TEST_CASE("Damage is found and named") {
  const TemporaryFolder at;
  const std::string folder = Sample().write(at);
  const std::string weights = folder + "/shard-00000-of-00002.safetensors";
  const std::string manifest = folder + "/manifest.json";
  auto open = [&] { open_checkpoint(folder).verify(); };
  REQUIRE(error_of(open) == "no error");

  SECTION("a flipped bit in a tensor") {
    std::string bytes = text_in(weights);
    bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
    std::ofstream(weights, std::ios::binary) << bytes;
    expect_text(error_of(open),
                "shard-00000-of-00002.safetensors: tensor cut does not match its checksum");
    expect_text(error_of([&] { read(open_checkpoint(folder), "cut", {3, 4}); }),
                "does not match its checksum");
  }
  SECTION("a truncated file") {
    fs::resize_file(weights, fs::file_size(weights) - 4);
    expect_text(error_of(open), "shard-00000-of-00002.safetensors: tensor cut@0,0: data_offsets");
  }
  SECTION("an empty file") {
    fs::resize_file(weights, 0);
    expect_text(error_of(open), "ends inside its header");
  }
  SECTION("a missing file") {
    fs::remove(weights);
    expect_text(error_of(open), "shard-00000-of-00002.safetensors: No such file or directory");
  }
  SECTION("a missing manifest") {
    fs::remove(manifest);
    expect_text(error_of(open), "has no manifest.json, expected a complete checkpoint");
    expect_text(error_of([&] { open_checkpoint(at.path("none")); }), "there is no such folder");
  }
  SECTION("a manifest of another version, format or text") {
    replace_in(manifest, "\"version\": 3", "\"version\": 9");
    expect_text(error_of(open), "has format version 9, expected 3");
    replace_in(manifest, "pipetrain checkpoint", "something else");
    expect_text(error_of(open), "is not the manifest of a pipetrain checkpoint");
    std::ofstream(manifest) << "{\"format\": ";
    expect_text(error_of(open), "manifest.json: is damaged");
  }
  SECTION("a manifest that points elsewhere") {
    replace_in(manifest, "shard-00000-of-00002.safetensors", "../../other.safetensors");
    expect_text(error_of(open), "names a file outside its folder");
  }
  SECTION("a manifest that disagrees with the files") {
    Manifest other = parse_manifest(text_in(manifest), manifest);
    for (ManifestEntry& entry : other.tensors) {
      if (entry.name == "a") entry.name = "z";
    }
    std::ofstream(manifest) << manifest_text(other);
    expect_text(error_of(open), "lacks the tensor z that the manifest lists");
  }
  SECTION("another step") {
    replace_in(manifest, "\"step\": 500", "\"step\": 501");
    expect_text(error_of(open), "manifest.json: does not match its checksum");
  }
  SECTION("a changed tokenizer") {
    replace_in(folder + "/tokenizer.json", "byte", "char");
    expect_text(error_of(open), "tokenizer.json: does not match its checksum");
  }
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
