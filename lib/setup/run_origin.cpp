#include "setup/run_origin.h"

#include <array>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "data/fingerprint.h"

namespace pipetrain {

RunOrigin run_origin(const Config& config, const Source& source, const World& world,
                     const std::string& program, const std::string& command) {
  std::set<std::string> hosts;
  for (const RankPlace& place : world.places) hosts.insert(place.host);
  RunOrigin origin{.program = program, .command = command, .hosts = static_cast<int>(hosts.size())};
  std::vector<std::string> paths = config.data.path;
  for (const MixturePart& part : config.data.mixture) paths.push_back(part.path);
  if (config.data.validates_files()) {
    paths.insert(paths.end(), config.data.validation_files.begin(),
                 config.data.validation_files.end());
  }
  for (const FileFingerprint& file : fingerprint_of(paths)) {
    origin.files.push_back({file.path, file.bytes, file.digest});
  }
  const Source::Split split = source.split();
  origin.training = split.training;
  origin.all = split.all;
  return origin;
}

std::string utc_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text = {};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace pipetrain
