// The folder of a run: config.yaml as resolved, tokenizer.json, schedule.csv, metrics.jsonl, and
// trace.json if asked for. Rank 0 owns it, and no other run meanwhile. It must not know training.
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
  // Makes train.output and takes possession of it, but leaves what an earlier run has put there.
  // Error(kConfiguration) if it cannot be written, or if another run is at work in it.
  explicit RunDirectory(const Config& config);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // Now that training begins after step `done_steps`: writes config.yaml, and removes an earlier
  // run's trace and its metrics beyond that step.
  void begin(const Config& config, std::int64_t done_steps);
  MetricsFile& metrics() { return metrics_; }
  // tokenizer.json: what the data's inputs mean, such as the vocabulary.
  void write_tokenizer(const nlohmann::json& tokenizer) const;
  // schedule.csv: what the ranks execute, whether it was generated, read or searched for.
  void write_schedule(const Schedule& schedule) const;

 private:
  std::string folder_;
  int lock_;  // a file descriptor
  MetricsFile metrics_;
};

}  // namespace pipetrain
