// Writing of checkpoints: what is on disk before and after it is finished.
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

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
