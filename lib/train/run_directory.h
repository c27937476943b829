// The folder of a run: config.yaml as resolved, tokenizer.json, schedule.csv, metrics.jsonl, and
// trace.json if asked for. Rank 0 owns it. It must not know training.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "schedule/schedule.h"
#include "train/config.h"
#include "train/metrics.h"

namespace pipetrain {

std::string trace_path(const std::string& run_directory);

class RunDirectory {
 public:
  // Makes train.output, writes config.yaml and removes an earlier run's trace. The metrics of the
  // first `done_steps` steps stay, for a run that goes on. Error(kConfiguration) if that cannot be.
  explicit RunDirectory(const Config& config, std::int64_t done_steps = 0);
  MetricsFile& metrics() { return metrics_; }
  // tokenizer.json: what the data's inputs mean, such as the vocabulary.
  void write_tokenizer(const nlohmann::json& tokenizer) const;
  // schedule.csv: what the ranks execute, whether it was generated, read or searched for.
  void write_schedule(const Schedule& schedule) const;

 private:
  std::string folder_;
  MetricsFile metrics_;
};

}  // namespace pipetrain
