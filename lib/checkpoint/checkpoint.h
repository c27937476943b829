// A training state on disk: a folder with one safetensors file per writing rank and a manifest that
// is written last. It must not know models, optimizers or ranks' messages: the caller brings each
// rank's list to the rank that finishes.
//
// begin_checkpoint on one rank; then write_rank_file on each; then finish_checkpoint on one. Until
// the last has renamed the folder, what is on disk has a hidden name and no manifest, and is no
// checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/file_io.h"
#include "checkpoint/manifest.h"
#include "checkpoint/safetensors.h"

namespace pipetrain {

// What a rank writes: a tensor or a slice of one.
struct CheckpointTensor {
  std::string name;  // global
  StoredType type = StoredType::kFloat32;
  Extents shape;           // of the whole tensor
  Extents offset, extent;  // of the slice; both empty for the whole tensor
  const void* data = nullptr;
};

// The folder in which the checkpoint of this step is put together, below `checkpoints`.
std::string partial_folder(const std::string& checkpoints, std::int64_t step);
std::string checkpoint_folder(const std::string& checkpoints,
                              std::int64_t step);  // ".../step-00000500"

// Makes an empty partial folder, in place of what an earlier job may have left.
void begin_checkpoint(const std::string& checkpoints, std::int64_t step);

// Writes this rank's file, or several where the file system ends them early; returns its list of
// tensors as text, for finish_checkpoint. `largest` is the same for all that a run writes.
std::string write_rank_file(const std::string& checkpoints, std::int64_t step, int rank, int ranks,
                            const std::vector<CheckpointTensor>& tensors, LargestFile& largest);
inline std::string write_rank_file(const std::string& checkpoints, std::int64_t step, int rank,
                                   int ranks, const std::vector<CheckpointTensor>& tensors) {
  LargestFile once;
  return write_rank_file(checkpoints, step, rank, ranks, tensors, once);
}

// Adds tokenizer.json and config.yaml, writes the manifest and gives the folder its name, which is
// returned.
std::string finish_checkpoint(const std::string& checkpoints, const TrainingPosition& position,
                              const std::vector<std::string>& lists,
                              std::string_view tokenizer_json, std::string_view config_yaml);

class Checkpoint {
 public:
  explicit Checkpoint(const std::string& folder);

  const std::string& folder() const { return folder_; }
  const TrainingPosition& position() const { return manifest_.position; }
  std::vector<std::string> names() const;  // of all tensors, sorted
  bool contains(std::string_view name) const { return find(name) != slices_.end(); }
  const Extents& shape(std::string_view name) const;

  // Error(kCheckpoint) if it is missing, has another shape, or is not made of floating-point
  // numbers.
  void require_shape(std::string_view name, const Extents& shape) const {
    require_floats(name, shape);
  }
  // The whole tensor, from whatever files it is in; it must also match its checksum.
  void read(std::string_view name, const Extents& shape, std::span<float> values) const;

  // A slice of it: a box of `extent` entries that begins at `offset`. Files with nothing of it are
  // not read.
  void read_slice(std::string_view name, const Extents& shape, const Extents& offset,
                  const Extents& extent, std::span<float> values) const;

  std::string tokenizer_json() const { return read_file("tokenizer.json"); }
  std::string config_yaml() const { return read_file("config.yaml"); }

  void verify() const;  // every checksum

 private:
  struct Slice {
    const ManifestEntry* entry;
    Bytes bytes;
    mutable bool checked = false;  // its checksum was right
  };
  using Slices = std::map<std::string, std::vector<Slice>, std::less<>>;

  Slices::const_iterator find(std::string_view name) const { return slices_.find(name); }
  Slices::const_iterator require(std::string_view name) const;
  const std::vector<Slice>& require_floats(std::string_view name, const Extents& shape) const;
  void check(const Slice& slice) const;
  std::string read_file(const std::string& name) const;

  std::string folder_;
  Manifest manifest_;
  std::map<std::string, SafetensorsFile> files_;
  Slices slices_;
};

// The manifest of a checkpoint, checked; the tensors are not looked at.
Manifest read_manifest(const std::string& folder);

// Opens a checkpoint: the manifest and every file's header are checked, the tensors when they are
// read.
Checkpoint open_checkpoint(const std::string& folder);

// The same where another rank has seen it, maybe on another host: what is not there yet is waited
// for.
Checkpoint await_checkpoint(const std::string& folder);

}  // namespace pipetrain
