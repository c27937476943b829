#include <algorithm>
#include <array>
#include <cstddef>
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

// Those of a rank after its first have a number more.
std::string file_name(int rank, int ranks, int file) {
  std::array<char, 64> name;
  std::snprintf(name.data(), name.size(), "shard-%05d-of-%05d", rank, ranks);
  return name.data() + (file == 0 ? std::string() : "-" + std::to_string(file + 1)) +
         ".safetensors";
}

// A box of a tensor, with its bytes.
struct Slice {
  const CheckpointTensor* tensor = nullptr;
  Extents offset, extent;
  Bytes bytes;
};

Slice slice_of(const CheckpointTensor& tensor, const std::string& folder) {
  const Extents extent = tensor.extent.empty() ? tensor.shape : tensor.extent;
  const auto bytes = static_cast<std::size_t>(elements_of(extent, folder)) * bytes_of(tensor.type);
  return {&tensor,
          tensor.offset.empty() ? Extents(tensor.shape.size()) : tensor.offset,
          extent,
          {static_cast<const std::byte*>(tensor.data), bytes}};
}

constexpr std::size_t kFileBytes = 256;  // of a header, at most, beside its slices

// At most, with what the header says of it.
std::size_t bytes_in_file(const Slice& slice) {
  return slice.bytes.size() + 256 + slice.tensor->name.size() + 48 * slice.extent.size();
}

// How many of them, from the first on, go into a file of `most` bytes; one at least.
std::size_t count_in_file(std::span<const Slice> slices, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t bytes = kFileBytes; count < slices.size(); ++count) {
    bytes += bytes_in_file(slices[count]);
    if (count > 0 && bytes > most) break;
  }
  return count;
}

// Each slice that does not fit into a file of `most` bytes in several, by its first axis.
std::vector<Slice> cut_into(const std::vector<Slice>& slices, std::size_t most) {
  std::vector<Slice> parts;
  for (const Slice& slice : slices) {
    const std::size_t around = kFileBytes + bytes_in_file(slice) - slice.bytes.size();
    const std::int64_t rows = slice.extent.empty() ? 1 : slice.extent[0];
    if (rows <= 1 || slice.bytes.size() + around <= most) {
      parts.push_back(slice);
      continue;
    }
    const std::size_t row_bytes = slice.bytes.size() / static_cast<std::size_t>(rows);
    const std::size_t room = most > around ? (most - around) / row_bytes : 0;
    const auto each = static_cast<std::int64_t>(std::max<std::size_t>(room, 1));
    for (std::int64_t row = 0; row < rows; row += each) {
      Slice part = slice;
      part.offset[0] += row;
      part.extent[0] = std::min(each, rows - row);
      part.bytes = slice.bytes.subspan(static_cast<std::size_t>(row) * row_bytes,
                                       static_cast<std::size_t>(part.extent[0]) * row_bytes);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

void write_file(const std::string& folder, const std::string& file, std::span<const Slice> slices,
                std::vector<ManifestEntry>& entries) {
  std::vector<StoredTensor> stored;
  for (const Slice& slice : slices) {
    const CheckpointTensor& tensor = *slice.tensor;
    entries.push_back({tensor.name, file, tensor.type, tensor.shape, slice.offset, slice.extent,
                       checksum_of(slice.bytes)});
    stored.push_back({entries.back().stored_name(), tensor.type, slice.extent, slice.bytes});
  }
  write_safetensors(folder + "/" + file, stored);
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
                            const std::vector<CheckpointTensor>& tensors, LargestFile& largest) {
  const std::string folder = partial_folder(checkpoints, step);
  require_seen(folder);
  std::vector<Slice> slices;
  std::size_t whole = kFileBytes;
  for (const CheckpointTensor& tensor : tensors) {
    slices.push_back(slice_of(tensor, folder));
    whole += bytes_in_file(slices.back());
  }
  const std::size_t most = largest.of(folder, whole);
  if (most < whole) slices = cut_into(slices, most);
  std::vector<ManifestEntry> entries;
  std::span<const Slice> rest = slices;
  for (int file = 0; !rest.empty() || file == 0; ++file) {
    const std::size_t count = count_in_file(rest, most);
    write_file(folder, file_name(rank, ranks, file), rest.first(count), entries);
    rest = rest.subspan(count);
  }
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
