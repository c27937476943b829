// metrics.jsonl of a run directory: one JSON object a line, each line written whole. It must not
// know training.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

class MetricsFile {
 public:
  // Starts `path` anew. Error(kConfiguration) if it cannot be written.
  explicit MetricsFile(std::string path);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // Appends one line and hands it to the system. Error(kConfiguration) if the disk does not take
  // it.
  void write(const nlohmann::ordered_json& line);

 private:
  std::string path_;
  int file_;
};

}  // namespace pipetrain
