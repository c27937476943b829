#include "setup/same_start.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/suggest.h"
#include "checkpoint/file_io.h"
#include "checkpoint/mapped_bytes.h"
#include "comm/agree.h"

namespace pipetrain {
namespace {

// Of a schedule's table, which every rank reads for itself; empty for a schedule by name. A file
// that cannot be read is refused later, with the reason.
std::string table_digest(const std::string& schedule) {
  if (!schedule.ends_with(".csv")) return {};
  std::ifstream file(schedule, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::to_string(random_key(0, text.str()));
}

// Of the running program, whatever its file was replaced by meanwhile.
std::string build_digest() { return checksum_of(MappedBytes("/proc/self/exe").bytes()); }

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// "train.steps" for the line "  steps: 3" below "train:".
std::string key_at(const std::vector<std::string>& lines, std::size_t line) {
  std::string key;
  for (std::size_t indent = std::string::npos, i = line + 1; i-- > 0 && indent != 0;) {
    const std::size_t start = lines[i].find_first_not_of(' ');
    if (start >= indent) continue;
    indent = start;
    const std::string name = lines[i].substr(start, lines[i].find(':') - start);
    key.insert(0, key.empty() ? name : name + ".");
  }
  return key;
}

// The first line in which two texts differ, as "train.steps".
std::string first_difference(const std::string& text, const std::string& other) {
  const std::vector<std::string> lines = lines_of(text), others = lines_of(other);
  const auto [mine, theirs] =
      std::mismatch(lines.begin(), lines.end(), others.begin(), others.end());
  if (mine != lines.end()) return key_at(lines, static_cast<std::size_t>(mine - lines.begin()));
  return key_at(others, static_cast<std::size_t>(theirs - others.begin()));
}

}  // namespace

std::string program_lines() {
  return "version: " PIPETRAIN_VERSION "\nbuild: " + build_digest() + "\n";
}

std::string configuration_lines(const Config& config) {
  return "pipeline.schedule: " + table_digest(config.pipeline.schedule) + "\n" +
         resolved_yaml(config);
}

std::string difference_at_start(const std::string& lines, Collective& world) {
  const std::vector<std::string> digests =
      world.all_gather_text(std::to_string(random_key(0, lines)));
  std::vector<std::string> differing;
  for (std::size_t r = 0; r < digests.size(); ++r) {
    if (digests[r] != digests[0]) differing.push_back(std::to_string(r));
  }
  if (differing.empty()) return {};
  const std::vector<std::string> texts = world.all_gather_text(lines);
  return (differing.size() == 1 ? "rank " : "ranks ") + join(differing) +
         (differing.size() == 1 ? " was" : " were") + " started otherwise than rank 0, first in " +
         first_difference(texts[0], texts[std::stoul(differing[0])]) +
         "; start all ranks with the same program, command line and configuration";
}

void require_same_start(const std::string& lines, Collective& world) {
  const std::string difference = difference_at_start(lines, world);
  agree(world, [&] {
    if (!difference.empty()) throw Error(ExitCode::kConfiguration, difference);
  });
}

}  // namespace pipetrain
