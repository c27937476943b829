// The manifest of a checkpoint, over a file of tensors that is as it should be.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "fuzz/input.h"

using namespace pipetrain;

namespace {

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A folder with the tensors that the corpus lists: b whole, and a in two slices.
class Folder {
 public:
  Folder() {
    static const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8};
    const auto bytes = std::as_bytes(std::span(values));
    write_safetensors(path() + "/rank-00000-of-00001.safetensors",
                      {{"a@0,0", StoredType::kFloat32, {1, 4}, bytes.first(16)},
                       {"a@1,0", StoredType::kFloat32, {1, 4}, bytes.subspan(16, 16)},
                       {"b", StoredType::kFloat32, {8}, bytes}});
    write(path() + "/config.yaml", "model: {preset: gpt}\n");
  }
  const std::string& path() const { return folder_.path(); }

 private:
  fuzz::PrivateFolder folder_;
};

bool stays_inside(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

void check_round_trip(const Manifest& manifest) {
  const std::string text = manifest_text(manifest);
  fuzz::require(manifest_text(parse_manifest(text, "its own text")) == text,
                "a manifest reads back as it was");
  fuzz::require(
      parse_entries(entries_text(manifest.tensors), "entries").size() == manifest.tensors.size(),
      "the entries read back");
}

void read_all(const Checkpoint& checkpoint) {
  for (const std::string& name : checkpoint.names()) {
    const Extents& shape = checkpoint.shape(name);
    std::vector<float> values(static_cast<std::size_t>(elements_of(shape, name)));
    checkpoint.read(name, shape, values);
  }
  checkpoint.verify();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::string_view text = fuzz::text_of({data, size});
  Manifest manifest;
  if (!fuzz::read_or_refuse([&] { manifest = parse_manifest(text, "manifest.json"); })) return 0;
  for (const auto& [name, checksum] : manifest.files) {
    fuzz::require(stays_inside(name), "files are in the folder");
  }
  for (const ManifestEntry& entry : manifest.tensors) {
    fuzz::require(stays_inside(entry.file), "tensors are in the folder");
  }
  check_round_trip(manifest);
  fuzz::read_or_refuse([&] { check_manifest_text(text, "manifest.json"); });
  write(folder.path() + "/manifest.json", manifest_text(manifest));  // with its checksum
  fuzz::read_or_refuse([&] { read_all(open_checkpoint(folder.path())); });
  return 0;
}
