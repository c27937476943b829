// The folder of a run: config.yaml as resolved, tokenizer.json, schedule.csv, metrics.jsonl and
// metrics.csv, run.log, and trace.json and event files if asked for. Rank 0 owns it, and no other
// run meanwhile. It must not know training.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/folder_lock.h"
#include "config/config.h"
#include "report/curves/curve_files.h"
#include "schedule/schedule.h"
#include "train/metrics.h"

namespace pipetrain {

std::string trace_path(const std::string& run_directory);
// A trace of the last step that was looked at.
std::string last_step_path(const std::string& run_directory);

class RunDirectory {
 public:
  // Makes train.output and takes possession of it, but leaves what an earlier run has put there.
  // Error(kConfiguration) if it cannot be written, or if another run is at work in it.
  explicit RunDirectory(const Config& config);

  // Now that training goes on after step `step`, or begins (-1): writes config.yaml, tokenizer.json
  // (what the data's inputs mean, such as the vocabulary) and schedule.csv (what the ranks execute,
  // whether it was generated, read or searched for). What these would replace goes aside, with the
  // lines of metrics and the checkpoints beyond that step, and an earlier trace. From then on
  // run.log has what is logged.
  void begin(const Config& config, const std::string& tokenizer_json, const Schedule& schedule,
             std::int64_t step);
  // The run goes on with another schedule than it began with, if it is another.
  void change_schedule(const Schedule& schedule);
  // Appends a line to metrics.jsonl and to the files of curves. Error(kConfiguration) if the disk
  // does not take it.
  void write_metrics(const nlohmann::ordered_json& line);
  void sync_metrics();  // returns when the lines are on the disk
  // Why nothing may be written there any more: the folder was removed, moved or replaced, and may
  // be another run's. Empty: it is in its place.
  std::string why_gone() const;

 private:
  std::string folder_;
  std::unique_ptr<FolderLock> lock_;
  FileMark mark_;  // of the lock's file
  MetricsFile metrics_;
  bool tensorboard_;
  std::unique_ptr<CurveFiles> curves_;  // since begin()
};

}  // namespace pipetrain
