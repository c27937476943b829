#include "checkpoint/manifest.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

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
