// metrics.jsonl of a run directory: one JSON object a line, each line written whole. It must not
// know training.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

class MetricsFile {
 public:
  // Starts `path` anew, or keeps its lines up to and with step `kept_steps` (a run that goes on).
  // Error(kConfiguration) if it cannot be written.
  explicit MetricsFile(std::string path, std::int64_t kept_steps = 0);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // Appends one line and hands it to the system. Error(kConfiguration) if the disk does not take
  // it; then nothing of it is there.
  void write(const nlohmann::ordered_json& line);

 private:
  std::string path_;
  int file_;
};

}  // namespace pipetrain
