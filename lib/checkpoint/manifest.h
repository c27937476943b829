// The list of what a checkpoint consists of, as the JSON text of manifest.json. It must not know
// what the tensors mean. A tensor may lie in several files, each with a slice of it: a box of
// `extent` elements that begins at `offset`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace pipetrain {

struct ManifestEntry {
  std::string name;  // global, as "layers.3.attention.qkv.weight"
  std::string file;
  StoredType type = StoredType::kFloat32;
  Extents shape;           // of the whole tensor
  Extents offset, extent;  // of the slice in `file`
  std::string checksum;    // of the slice's bytes

  // Its name in `file`: the tensor's own, and of a slice also where it begins, "name@0,128".
  std::string stored_name() const;
};

// A file of the data, as it was.
struct FileDigest {
  std::string path;
  std::int64_t bytes = 0;
  std::string digest;

  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

// What wrote a checkpoint, and of which data. Older ones do not say: then it is empty.
struct RunOrigin {
  std::string program, date, command;  // "pipetrain 0.1.0", UTC as in ISO 8601, the command line
  int hosts = 0;
  std::vector<FileDigest> files;
  // Tokens or samples; the first `training` of them train. 0 in all: not known.
  std::int64_t training = 0, all = 0;
};

// What the training stood at, beside the tensors.
struct TrainingPosition {
  std::int64_t step = 0;                                       // updates done
  std::int64_t rows = 0;                                       // training rows used so far
  int microbatches = 1;                                        // of a step and replica
  int data = 1, tensor = 1, pipeline = 1, virtual_stages = 1;  // the grid that wrote it
  std::optional<double> validation_loss;  // of these very weights, if it was evaluated
  // What older checkpoints do not say.
  std::optional<std::int64_t>
      targets;                 // tokens or samples seen so far, those of other batch sizes too
  double elapsed_seconds = 0;  // of training so far, over all its starts
  int skipped_steps = 0;       // in a row up to here, since they were not finite
  // First layer of each stage, where results depend on that: messages were rounded.
  std::vector<int> partition;
  std::string doubt;  // why the weights may be ruined; none resumes from them unasked. Empty: none
  RunOrigin origin;
};

struct Manifest {
  static constexpr int kVersion = 3;

  TrainingPosition position;
  std::map<std::string, std::string> files;  // checksum of each file that is not a list of tensors
  std::vector<ManifestEntry> tensors;
};

// The entries one rank wrote, as text to send to the rank that completes the manifest.
std::string entries_text(const std::vector<ManifestEntry>& entries);
std::vector<ManifestEntry> parse_entries(std::string_view text, const std::string& file);

// With a checksum of all the rest.
std::string manifest_text(const Manifest& manifest);

// Error(kCheckpoint) naming `file` for another format or version, names that leave the folder,
// slices that leave their tensor, overlap, or do not make it up.
Manifest parse_manifest(std::string_view text, const std::string& file);
// Error(kCheckpoint) if the text, that of a manifest, is not what was written.
void check_manifest_text(std::string_view text, const std::string& file);

}  // namespace pipetrain
