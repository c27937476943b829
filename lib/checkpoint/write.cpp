#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

std::string step_name(std::int64_t step) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "step-%08lld", static_cast<long long>(step));
  return name.data();
}

std::string file_name(int rank, int ranks) {
  std::array<char, 64> name;
  std::snprintf(name.data(), name.size(), "shard-%05d-of-%05d.safetensors", rank, ranks);
  return name.data();
}

void remove_folder(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) fail_checkpoint(folder, error.message());
}

}  // namespace

std::string checkpoint_folder(const std::string& checkpoints, std::int64_t step) {
  return (fs::path(checkpoints) / step_name(step)).string();
}

std::string partial_folder(const std::string& checkpoints, std::int64_t step) {
  return (fs::path(checkpoints) / std::string(".").append(step_name(step)).append(".partial"))
      .string();
}

void begin_checkpoint(const std::string& checkpoints, std::int64_t step) {
  const std::string folder = partial_folder(checkpoints, step);
  remove_folder(folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_checkpoint(folder, error.message());
}

std::string write_rank_file(const std::string& checkpoints, std::int64_t step, int rank, int ranks,
                            const std::vector<CheckpointTensor>& tensors) {
  const std::string file = file_name(rank, ranks);
  const std::string path = partial_folder(checkpoints, step) + "/" + file;
  std::vector<StoredTensor> stored;
  std::vector<ManifestEntry> entries;
  for (const CheckpointTensor& tensor : tensors) {
    const Extents extent = tensor.extent.empty() ? tensor.shape : tensor.extent;
    const Extents offset = tensor.offset.empty() ? Extents(tensor.shape.size()) : tensor.offset;
    const auto bytes = static_cast<std::size_t>(elements_of(extent, path)) * bytes_of(tensor.type);
    const Bytes data(static_cast<const std::byte*>(tensor.data), bytes);
    entries.push_back(
        {tensor.name, file, tensor.type, tensor.shape, offset, extent, checksum_of(data)});
    stored.push_back({entries.back().stored_name(), tensor.type, extent, data});
  }
  write_safetensors(path, stored);
  return entries_text(entries);
}

std::string finish_checkpoint(const std::string& checkpoints, const TrainingPosition& position,
                              const std::vector<std::string>& lists,
                              std::string_view tokenizer_json, std::string_view config_yaml) {
  const std::string partial = partial_folder(checkpoints, position.step);
  Manifest manifest;
  manifest.position = position;
  for (const std::string& list : lists) {
    for (ManifestEntry& entry : parse_entries(list, partial))
      manifest.tensors.push_back(std::move(entry));
  }
  auto add_file = [&](const std::string& name, std::string_view text) {
    write_synced(partial + "/" + name, text);
    manifest.files[name] = checksum_of(std::as_bytes(std::span(text)));
  };
  add_file("tokenizer.json", tokenizer_json);
  add_file("config.yaml", config_yaml);
  const std::string text = manifest_text(manifest);
  parse_manifest(text, partial + "/manifest.json");  // what could not be read back is not kept
  write_synced(partial + "/manifest.json", text);

  const std::string folder = checkpoint_folder(checkpoints, position.step);
  std::error_code unreadable;  // then the rename says why
  if (fs::exists(folder, unreadable)) {
    replace_synced(partial, folder);
  } else {
    rename_synced(partial, folder);
  }
  return folder;
}

}  // namespace pipetrain
