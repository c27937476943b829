// Checkpoints that are damaged: each is refused with the file and what is wrong with it.
#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace damage_test {

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
    std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 4);
    expect_text(error_of(open), "shard-00000-of-00002.safetensors: tensor cut@0,0: data_offsets");
  }
  SECTION("an empty file") {
    std::filesystem::resize_file(weights, 0);
    expect_text(error_of(open), "ends inside its header");
  }
  SECTION("a missing file") {
    std::filesystem::remove(weights);
    expect_text(error_of(open), "shard-00000-of-00002.safetensors: No such file or directory");
  }
  SECTION("a missing manifest") {
    std::filesystem::remove(manifest);
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

}  // namespace damage_test
