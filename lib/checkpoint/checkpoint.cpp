#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <filesystem>
#include <set>

#include "checkpoint/mapped_bytes.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMaxManifestBytes = std::size_t{1} << 28;

// A box of a tensor, wanted or stored: where it begins and how far it goes along each axis.
struct Box {
  const Extents &offset, &extent;

  // Where the entry at `index` of the whole tensor is in the box.
  std::int64_t place_of(const Extents& index) const {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < index.size(); ++i) at = at * extent[i] + index[i] - offset[i];
    return at;
  }
};

bool overlap(const Box& a, const Box& b) {
  for (std::size_t i = 0; i < a.offset.size(); ++i) {
    if (std::max(a.offset[i], b.offset[i]) >=
        std::min(a.offset[i] + a.extent[i], b.offset[i] + b.extent[i])) {
      return false;
    }
  }
  return true;
}

// Puts what a stored box has of a wanted one into its place: runs along the last axis, counted up
// over the axes before it. They overlap.
void place(const ManifestEntry& entry, Bytes bytes, const Box& wanted, std::span<float> values) {
  const std::size_t axes = entry.shape.size(), width = bytes_of(entry.type);
  const Box stored{entry.offset, entry.extent};
  Extents first(axes), end(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    first[i] = std::max(stored.offset[i], wanted.offset[i]);
    end[i] = std::min(stored.offset[i] + stored.extent[i], wanted.offset[i] + wanted.extent[i]);
  }
  const std::int64_t run = axes == 0 ? 1 : end[axes - 1] - first[axes - 1];
  for (Extents index = first;;) {  // its last entry stays
    const std::byte* from = bytes.data() + static_cast<std::size_t>(stored.place_of(index)) * width;
    const std::int64_t at = wanted.place_of(index);
    for (std::int64_t i = 0; i < run; ++i, from += width) {
      values[static_cast<std::size_t>(at + i)] = float_at(from, entry.type);
    }
    std::size_t axis = axes;
    for (; axis > 1; --axis) {
      if (++index[axis - 2] < end[axis - 2]) break;
      index[axis - 2] = first[axis - 2];
    }
    if (axis <= 1) return;
  }
}

}  // namespace

Manifest read_manifest(const std::string& folder) {
  const std::string path = folder + "/manifest.json";
  require_folder(folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    fail_checkpoint(
        folder,
        "has no manifest.json, expected a complete checkpoint like checkpoints/step-00000500");
  }
  const MappedBytes file(path);
  if (file.bytes().size() > kMaxManifestBytes) fail_checkpoint(path, "is too large for a manifest");
  Manifest manifest = parse_manifest(file.text(), path);
  check_manifest_text(file.text(), path);
  return manifest;
}

Checkpoint::Checkpoint(const std::string& folder)
    : folder_(folder), manifest_(read_manifest(folder)) {
  for (const ManifestEntry& entry : manifest_.tensors) {
    const std::string path = folder_ + "/" + entry.file;
    auto file = files_.find(entry.file);
    if (file == files_.end()) file = files_.emplace(entry.file, SafetensorsFile(path)).first;
    const StoredTensor* const stored = file->second.find(entry.stored_name());
    if (stored == nullptr)
      fail_checkpoint(path, "lacks the tensor " + entry.name + " that the manifest lists");
    if (stored->shape != entry.extent || stored->type != entry.type) {
      fail_checkpoint(path, "tensor " + entry.name + " is " + type_name(*stored) + " " +
                                text_of(stored->shape) + ", the manifest says " +
                                name_of(entry.type) + " " + text_of(entry.extent));
    }
    slices_[entry.name].push_back({.entry = &entry, .bytes = stored->bytes});
  }
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, slices] : slices_) names.push_back(name);
  return names;
}

Checkpoint::Slices::const_iterator Checkpoint::require(std::string_view name) const {
  const auto slices = find(name);
  if (slices == slices_.end()) {
    fail_checkpoint(folder_, "has no tensor " + std::string(name) + "; is it of another model?");
  }
  return slices;
}

const Extents& Checkpoint::shape(std::string_view name) const {
  return require(name)->second.front().entry->shape;
}

void Checkpoint::check(const Slice& slice) const {
  if (slice.checked) return;
  slice.checked = checksum_of(slice.bytes) == slice.entry->checksum;
  if (slice.checked) return;
  fail_checkpoint(
      folder_ + "/" + slice.entry->file,
      "tensor " + slice.entry->name + " does not match its checksum, the file is damaged");
}

const std::vector<Checkpoint::Slice>& Checkpoint::require_floats(std::string_view name,
                                                                 const Extents& shape) const {
  const std::vector<Slice>& slices = require(name)->second;
  const ManifestEntry& first = *slices.front().entry;
  if (first.shape != shape) {
    fail_checkpoint(folder_, "tensor " + first.name + " has shape " + text_of(first.shape) +
                                 ", expected " + text_of(shape));
  }
  if (!is_float(first.type)) {
    fail_checkpoint(folder_, "tensor " + first.name + " is " + name_of(first.type) +
                                 ", expected F32, BF16 or F16");
  }
  return slices;
}

void Checkpoint::read(std::string_view name, const Extents& shape, std::span<float> values) const {
  read_slice(name, shape, Extents(shape.size()), shape, values);
}

void Checkpoint::read_slice(std::string_view name, const Extents& shape, const Extents& offset,
                            const Extents& extent, std::span<float> values) const {
  assert(static_cast<std::int64_t>(values.size()) == elements_of(extent, folder_));
  const Box wanted{offset, extent};
  for (const Slice& slice : require_floats(name, shape)) {
    if (!overlap(wanted, {slice.entry->offset, slice.entry->extent})) continue;
    check(slice);
    place(*slice.entry, slice.bytes, wanted, values);
  }
}

std::string Checkpoint::read_file(const std::string& name) const {
  const std::string path = folder_ + "/" + name;
  const auto listed = manifest_.files.find(name);
  if (listed == manifest_.files.end()) fail_checkpoint(path, "is not in the manifest");
  const MappedBytes file(path);
  if (checksum_of(file.bytes()) != listed->second) {
    fail_checkpoint(path, "does not match its checksum, the file is damaged");
  }
  return std::string(file.text());
}

void Checkpoint::verify() const {
  for (const auto& [name, slices] : slices_) {
    for (const Slice& slice : slices) check(slice);
  }
  for (const auto& [name, checksum] : manifest_.files) read_file(name);
}

Checkpoint open_checkpoint(const std::string& folder) { return Checkpoint(folder); }

Checkpoint await_checkpoint(const std::string& folder) {
  const std::string inside = folder + "/";
  require_seen(inside + "manifest.json");
  const Manifest manifest = read_manifest(folder);
  std::set<std::string> names;
  for (const ManifestEntry& entry : manifest.tensors) names.insert(entry.file);
  for (const auto& [name, checksum] : manifest.files) names.insert(name);
  for (const std::string& name : names) require_seen(inside + name);
  return Checkpoint(folder);
}

}  // namespace pipetrain
