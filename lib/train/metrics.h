// metrics.jsonl of a run directory: one JSON object a line, each line written whole. It must not
// know training.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/append_file.h"
#include "checkpoint/set_aside.h"

namespace pipetrain {

class MetricsFile {
 public:
  // Makes the file if there is none, and leaves what is in it. Error(kConfiguration) if it cannot
  // be written.
  explicit MetricsFile(const std::string& path);

  // Before the first line: leaves the lines of the steps up to `step`, of a run that goes on after
  // it, or none (-1). Where that would cut lines the file goes aside first, whole. Returns how many
  // lines are gone since they cannot be read; one that was cut off at the end does not count.
  int keep(std::int64_t step, SetAside& aside);
  // Appends one line and hands it to the system. Error(kConfiguration) if the disk does not take
  // it; then nothing of it is there.
  void write(const nlohmann::ordered_json& line);
  // Returns when the lines are on the disk.
  void sync() { file_.sync(); }

 private:
  AppendFile file_;
};

}  // namespace pipetrain
