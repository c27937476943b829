// The folder of a run: config.yaml as resolved, schedule.csv and metrics.jsonl. Rank 0 owns it. It
// must not know training.
#pragma once

#include <string>

#include "schedule/schedule.h"
#include "train/config.h"
#include "train/metrics.h"

namespace pipetrain {

class RunDirectory {
 public:
  // Makes train.output and writes config.yaml. Error(kConfiguration) if that cannot be.
  explicit RunDirectory(const Config& config);
  MetricsFile& metrics() { return metrics_; }
  // schedule.csv: what the ranks execute, whether it was generated, read or searched for.
  void write_schedule(const Schedule& schedule) const;

 private:
  std::string folder_;
  MetricsFile metrics_;
};

}  // namespace pipetrain
