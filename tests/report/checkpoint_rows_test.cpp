#include "report/checkpoint_rows.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "checkpoint/manifest.h"
#include "data/temporary_folder.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

TEST_CASE("checkpoints are listed with what their manifests say, or why they cannot be read") {
  const TemporaryFolder folder;
  for (const char* name : {"step-00000002", "step-00000010", "step-00000011", "set-aside", ".x"}) {
    fs::create_directory(folder.path(name));
  }
  Manifest manifest;
  manifest.position.step = 2;
  manifest.position.validation_loss = 1.5;
  manifest.position.origin.hosts = 1;
  manifest.position.origin.date = "2026-01-31T12:00:00Z";
  const std::string text = manifest_text(manifest);
  folder.write("step-00000002/manifest.json", text);
  folder.write("step-00000010/manifest.json", text.substr(0, text.size() / 2));
  fs::create_directory_symlink("step-00000002", folder.path("best"));

  const Json rows = checkpoint_rows(folder.path(""));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["name"] == "step-00000002");
  CHECK(rows[0]["validation_loss"] == 1.5);
  CHECK(rows[0]["date"] == "2026-01-31T12:00:00Z");
  CHECK(rows[0]["bytes"] == text.size());
  CHECK(rows[0]["best"] == true);
  CHECK(rows[1]["best"] == false);
  CHECK(contains(rows[1]["problem"].get<std::string>(), "manifest.json"));
  CHECK(contains(rows[2]["problem"].get<std::string>(), "cannot read"));
  CHECK(checkpoint_rows(folder.path("none")).empty());
}
