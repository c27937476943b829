// The folder of a run: config.yaml as resolved, and metrics.jsonl. Rank 0 owns it. It must not know
// training.
#pragma once

#include <string>

#include "train/config.h"
#include "train/metrics.h"

namespace pipetrain {

class RunDirectory {
 public:
  // Makes train.output and writes config.yaml. Error(kConfiguration) if that cannot be.
  explicit RunDirectory(const Config& config);
  MetricsFile& metrics() { return metrics_; }

 private:
  MetricsFile metrics_;
};

}  // namespace pipetrain
