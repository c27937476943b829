#include "checkpoint/manifest.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace manifest_test {

TEST_CASE("What an older manifest does not say is not known, and no error") {
  nlohmann::json older = nlohmann::json::parse(manifest_text({.position = Sample::position(7)}));
  for (const char* key :
       {"targets", "elapsed_seconds", "skipped_steps", "partition", "doubt", "origin"}) {
    CHECK(older.erase(key) == 1);
  }
  const TrainingPosition at = parse_manifest(older.dump(), "manifest.json").position;
  CHECK(at.step == 7);
  CHECK(!at.targets);
  CHECK(at.skipped_steps == 0);
  CHECK(at.partition.empty());
  CHECK(at.origin.hosts == 0);
}

TEST_CASE("A tensor's list is refused where its slices are not one tensor") {
  const ManifestEntry left{.name = "w",
                           .file = "shard",
                           .shape = {2, 4},
                           .offset = {0, 0},
                           .extent = {2, 2},
                           .checksum = "0"};
  ManifestEntry right = left;
  right.offset = {0, 2};
  CHECK(right.stored_name() == "w@0,2");
  const auto error_with = [&](const ManifestEntry& other) {
    return error_of([&] {
      parse_manifest(manifest_text({.position = Sample::position(1), .tensors = {left, other}}),
                     "manifest.json");
    });
  };
  CHECK(error_with(right) == "no error");
  ManifestEntry wrong = right;
  wrong.shape = {2, 5};
  expect_text(error_with(wrong), "tensor w: its slices differ in shape or dtype");
  wrong = right;
  wrong.file = "../shard";
  expect_text(error_with(wrong), "names a file outside its folder");
  wrong = right;
  wrong.offset = {0, 3};
  expect_text(error_with(wrong), "slice (2, 2) at (0, 3) leaves the tensor (2, 4)");
}

}  // namespace manifest_test
