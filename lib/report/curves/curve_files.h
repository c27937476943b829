// A run's metrics in the files that other programs read: metrics.csv, and TensorBoard's event file
// if it is wanted. It must not know training or what the figures mean.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/append_file.h"
#include "report/curves/metrics_csv.h"

namespace pipetrain {

// "metrics.csv" of a run directory.
std::string metrics_csv_path(const std::string& run_directory);
// "events.out.tfevents.SECONDS.HOST.PROCESS.pipetrain", as TensorBoard looks for it: files that
// were begun later come later in the alphabet.
std::string event_file_name(std::int64_t seconds_since_1970, const std::string& host, int process);

class CurveFiles {
 public:
  // Of a run directory with its metrics.jsonl, where training goes on after `step` (-1: it begins).
  // Error(kConfiguration), here and below, if a file cannot be written.
  CurveFiles(const std::string& run_directory, std::int64_t step, bool tensorboard);

  // The line that metrics.jsonl has just got; it has a whole number `step`.
  void add(const nlohmann::ordered_json& line);
  void sync();  // returns when all is on the disk

 private:
  MetricsTable table_;
  std::unique_ptr<AppendFile> events_;  // null: not wanted
};

}  // namespace pipetrain
