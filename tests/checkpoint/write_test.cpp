// Writing of checkpoints: what is on disk before and after it is finished.
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/file_limit.h"
#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace write_test {

TEST_CASE("Until it is finished, a checkpoint is none; then nothing else is left") {
  const TemporaryFolder at;
  const Sample sample;
  begin_checkpoint(at.path("checkpoints"), 500);
  write_rank_file(at.path("checkpoints"), 500, 0, 1, {});
  CHECK(!std::filesystem::exists(at.path("checkpoints/step-00000500")));
  CHECK(!std::filesystem::exists(partial_folder(at.path("checkpoints"), 500) + "/manifest.json"));
  const std::string folder = sample.write(at);  // in place of what was left
  sample.write(at);                             // the same step again
  open_checkpoint(folder).verify();
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(at.path("checkpoints"))) {
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
  CHECK(!std::filesystem::exists(checkpoint_folder(at.path(""), 1)));
}

TEST_CASE("Where files end early a rank writes several, with large tensors in pieces") {
  const TemporaryFolder at;
  std::vector<float> large(4000), small(100);
  std::iota(large.begin(), large.end(), 0.0F);
  std::iota(small.begin(), small.end(), 9.0F);
  const std::vector<CheckpointTensor> tensors = {
      {"small", StoredType::kFloat32, {100}, {}, {}, small.data()},
      {"large", StoredType::kFloat32, {80, 100}, {40, 0}, {40, 100}, large.data()},
      {"last", StoredType::kFloat32, {}, {}, {}, small.data()}};
  const std::vector<CheckpointTensor> rest = {
      {"large", StoredType::kFloat32, {80, 100}, {0, 0}, {40, 100}, large.data()}};
  std::string folder;
  {
    const FileLimit limit(8192);
    begin_checkpoint(at.path(""), 1);
    const std::vector<std::string> lists = {write_rank_file(at.path(""), 1, 0, 2, tensors),
                                            write_rank_file(at.path(""), 1, 1, 2, rest)};
    folder = finish_checkpoint(at.path(""), {.step = 1}, lists, "{}", "");
  }
  CHECK(std::filesystem::exists(folder + "/shard-00000-of-00002-5.safetensors"));
  const Checkpoint checkpoint = await_checkpoint(folder);
  checkpoint.verify();
  std::vector<float> twice = large;
  twice.insert(twice.end(), large.begin(), large.end());
  CHECK(read(checkpoint, "large", {80, 100}) == twice);
  CHECK(read(checkpoint, "small", {100}) == small);
  CHECK(read(checkpoint, "last", {}) == std::vector<float>{9});
}

TEST_CASE("A row that no file takes is an error that says so") {
  const TemporaryFolder at;
  const std::vector<float> row(4000);
  const FileLimit limit(8192);
  begin_checkpoint(at.path(""), 1);
  expect_text(error_of([&] {
                write_rank_file(at.path(""), 1, 0, 1,
                                {{"w", StoredType::kFloat32, {1, 4000}, {}, {}, row.data()}});
              }),
              "File too large (ulimit -f allows 8192 bytes, this file system perhaps less); write "
              "where files may be larger");
}

}  // namespace write_test
