#include "checkpoint/manifest.h"

#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/json_text.h"
#include "checkpoint/file_io.h"
#include "checkpoint/json_fields.h"

namespace pipetrain {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "pipetrain checkpoint";
constexpr const char* kChecksum = "checksum";  // of all but itself
constexpr std::size_t kMaxSlices = 4096;       // of one tensor

json to_json(const std::vector<ManifestEntry>& entries) {
  json list = json::array();
  for (const ManifestEntry& entry : entries) {
    list.push_back({{"name", entry.name},
                    {"file", entry.file},
                    {"dtype", name_of(entry.type)},
                    {"shape", entry.shape},
                    {"offset", entry.offset},
                    {"extent", entry.extent},
                    {"checksum", entry.checksum}});
  }
  return list;
}

ManifestEntry parse_entry(const json& item, const std::string& file) {
  ManifestEntry entry;
  entry.name = json_text(item, "name", file);
  entry.file = plain_file_name(json_text(item, "file", file), file);
  const std::string where = file + ": tensor " + shortened(entry.name);
  entry.type = stored_type(json_text(item, "dtype", where), where);
  entry.shape = json_sizes(item, "shape", where);
  entry.offset = json_sizes(item, "offset", where);
  entry.extent = json_sizes(item, "extent", where);
  entry.checksum = json_text(item, "checksum", where);
  elements_of(entry.shape, where);
  elements_of(entry.extent, where);
  bool inside =
      entry.offset.size() == entry.shape.size() && entry.extent.size() == entry.shape.size();
  for (std::size_t i = 0; inside && i < entry.shape.size(); ++i) {
    const std::int64_t from = entry.offset[i], whole = entry.shape[i];
    inside = from <= whole && entry.extent[i] <= whole - from;
  }
  if (!inside) {
    fail_checkpoint(where, "slice " + text_of(entry.extent) + " at " + text_of(entry.offset) +
                               " leaves the tensor " + text_of(entry.shape));
  }
  return entry;
}

std::vector<ManifestEntry> entries_in(const json& list, const std::string& file) {
  if (!list.is_array()) fail_checkpoint(file, "its tensors are not a list");
  std::vector<ManifestEntry> entries;
  for (const json& item : list) entries.push_back(parse_entry(item, file));
  return entries;
}

std::map<std::string, std::string> checksums_of(const json& files, const std::string& file) {
  if (!files.is_object()) fail_checkpoint(file, "its files are not an object");
  std::map<std::string, std::string> checksums;
  for (const auto& item : files.items()) {
    checksums[plain_file_name(item.key(), file)] = json_text(files, item.key().c_str(), file);
  }
  return checksums;
}

// A count of at least 1 that fits an int.
int count_of(const json& object, const char* key, const std::string& file) {
  const std::int64_t count = json_size(object, key, file);
  if (count < 1 || count > std::numeric_limits<int>::max()) {
    fail_checkpoint(
        file, std::string(key) + " is " + std::to_string(count) + ", expected a number from 1 on");
  }
  return static_cast<int>(count);
}

json to_json(const RunOrigin& origin) {
  json files = json::array();
  for (const FileDigest& file : origin.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"digest", file.digest}});
  }
  return {{"program", origin.program}, {"date", origin.date},         {"command", origin.command},
          {"hosts", origin.hosts},     {"training", origin.training}, {"all", origin.all},
          {"files", std::move(files)}};
}

RunOrigin origin_of(const json& item, const std::string& file) {
  RunOrigin origin;
  origin.program = json_text(item, "program", file);
  origin.date = json_text(item, "date", file);
  origin.command = json_text(item, "command", file);
  origin.hosts = count_of(item, "hosts", file);
  origin.training = json_size(item, "training", file);
  origin.all = json_size(item, "all", file);
  const json& files = json_field(item, "files", file);
  if (!files.is_array()) fail_checkpoint(file, "its origin's files are not a list");
  for (const json& entry : files) {
    origin.files.push_back({json_text(entry, "path", file), json_size(entry, "bytes", file),
                            json_text(entry, "digest", file)});
  }
  return origin;
}

TrainingPosition position_of(const json& whole, const std::string& file) {
  TrainingPosition at;
  at.step = json_size(whole, "step", file);
  at.rows = json_size(whole, "rows", file);
  at.microbatches = count_of(whole, "microbatches", file);
  const json& grid = json_field(whole, "grid", file);
  at.data = count_of(grid, "data", file);
  at.tensor = count_of(grid, "tensor", file);
  at.pipeline = count_of(grid, "pipeline", file);
  at.virtual_stages = count_of(grid, "virtual_stages", file);
  const json& loss = json_field(whole, "validation_loss", file);
  if (loss.is_number()) at.validation_loss = loss.get<double>();
  if (whole.contains("targets")) at.targets = json_size(whole, "targets", file);
  const auto elapsed = whole.find("elapsed_seconds");
  if (elapsed != whole.end() && elapsed->is_number()) at.elapsed_seconds = elapsed->get<double>();
  if (whole.contains("skipped_steps")) at.skipped_steps = count_of(whole, "skipped_steps", file);
  if (whole.contains("partition")) {
    for (const std::int64_t layer : json_sizes(whole, "partition", file)) {
      at.partition.push_back(static_cast<int>(layer));
    }
  }
  if (whole.contains("doubt")) at.doubt = json_text(whole, "doubt", file);
  if (whole.contains("origin")) at.origin = origin_of(whole["origin"], file);
  return at;
}

bool slices_overlap(const ManifestEntry& a, const ManifestEntry& b) {
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    if (a.offset[i] + a.extent[i] <= b.offset[i] || b.offset[i] + b.extent[i] <= a.offset[i])
      return false;
  }
  return true;
}

// The slices of each tensor agree on what it is, and make it up exactly once.
void require_whole_tensors(const std::vector<ManifestEntry>& entries, const std::string& file) {
  std::map<std::string_view, std::vector<const ManifestEntry*>> slices;
  for (const ManifestEntry& entry : entries) slices[entry.name].push_back(&entry);
  for (const auto& [name, parts] : slices) {
    const std::string where = file + ": tensor " + shortened(name);
    if (parts.size() > kMaxSlices) fail_checkpoint(where, "is cut into too many slices");
    std::int64_t missing = elements_of(parts[0]->shape, where);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i]->shape != parts[0]->shape || parts[i]->type != parts[0]->type) {
        fail_checkpoint(where, "its slices differ in shape or dtype");
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (slices_overlap(*parts[i], *parts[j])) fail_checkpoint(where, "its slices overlap");
      }
      missing -= elements_of(parts[i]->extent, where);
    }
    if (missing != 0)
      fail_checkpoint(where, "its slices leave out " + std::to_string(missing) + " elements");
  }
}

// However the text is laid out.
std::string checksum_of_rest(json whole) {
  whole.erase(kChecksum);
  const std::string text = whole.dump();
  return checksum_of(std::as_bytes(std::span(text)));
}

}  // namespace

std::string ManifestEntry::stored_name() const {
  if (extent == shape) return name;
  std::string stored = name;
  for (std::size_t i = 0; i < offset.size(); ++i) {
    stored += i == 0 ? '@' : ',';
    stored += std::to_string(offset[i]);
  }
  return stored;
}

std::string entries_text(const std::vector<ManifestEntry>& entries) {
  return to_json(entries).dump();
}

std::vector<ManifestEntry> parse_entries(std::string_view text, const std::string& file) {
  return entries_in(parsed_json(text), file);
}

std::string manifest_text(const Manifest& manifest) {
  const TrainingPosition& at = manifest.position;
  json whole = {{"format", kFormat},
                {"version", Manifest::kVersion},
                {"step", at.step},
                {"rows", at.rows},
                {"microbatches", at.microbatches},
                {"grid",
                 {{"data", at.data},
                  {"tensor", at.tensor},
                  {"pipeline", at.pipeline},
                  {"virtual_stages", at.virtual_stages}}},
                {"validation_loss", at.validation_loss ? json(*at.validation_loss) : json()},
                {"files", manifest.files},
                {"tensors", to_json(manifest.tensors)}};
  if (at.targets) whole["targets"] = *at.targets;
  whole["elapsed_seconds"] = at.elapsed_seconds;
  if (at.skipped_steps > 0) whole["skipped_steps"] = at.skipped_steps;
  if (!at.partition.empty()) whole["partition"] = at.partition;
  if (!at.doubt.empty()) whole["doubt"] = at.doubt;
  if (at.origin.hosts > 0) whole["origin"] = to_json(at.origin);
  whole[kChecksum] = checksum_of_rest(whole);
  return whole.dump(1) + "\n";
}

Manifest parse_manifest(std::string_view text, const std::string& file) {
  const json whole = parsed_json(text);
  if (whole.is_discarded()) fail_checkpoint(file, json_fault(text, "is damaged: not valid JSON"));
  if (json_text(whole, "format", file) != kFormat) {
    fail_checkpoint(file, "is not the manifest of a pipetrain checkpoint");
  }
  const std::int64_t version = json_size(whole, "version", file);
  if (version != Manifest::kVersion) {
    fail_checkpoint(file, "has format version " + std::to_string(version) + ", expected " +
                              std::to_string(Manifest::kVersion));
  }
  Manifest manifest;
  manifest.position = position_of(whole, file);
  manifest.files = checksums_of(json_field(whole, "files", file), file);
  manifest.tensors = entries_in(json_field(whole, "tensors", file), file);
  require_whole_tensors(manifest.tensors, file);
  return manifest;
}

void check_manifest_text(std::string_view text, const std::string& file) {
  const json whole = parsed_json(text);
  if (json_text(whole, kChecksum, file) != checksum_of_rest(whole)) {
    fail_checkpoint(file, "does not match its checksum, the file is damaged");
  }
}

}  // namespace pipetrain
