#include "train/run_directory.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/kept_log.h"
#include "base/output.h"
#include "base/uninterrupted.h"
#include "checkpoint/checkpoint_list.h"
#include "checkpoint/set_aside.h"
#include "schedule/csv.h"

namespace pipetrain {
namespace {

std::string made_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Error(ExitCode::kConfiguration, "cannot make the run directory " + folder + ": " +
                                              error.message() + "; choose another train.output");
  }
  return folder;
}

// Ours until it is closed, however this process ends. An earlier job that is just being ended gets
// some seconds for that.
std::unique_ptr<FolderLock> locked(const std::string& path) {
  constexpr std::chrono::seconds kPatience(5);
  auto lock = FolderLock::take(path, kPatience);
  if (!lock && errno != 0) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path) + "; choose another train.output");
  }
  if (!lock) {
    throw Error(ExitCode::kConfiguration,
                path +
                    ": another run is at work in this run directory; wait for its end, or "
                    "choose another train.output");
  }
  if (!lock->why_no_lock().empty()) {
    spdlog::warn(
        "{}: {}: this file system has no locks, so a second run is kept out only by what this one "
        "writes there twice a second",
        path, lock->why_no_lock());
  }
  return lock;
}

bool is_file(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown);
}

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Under another name, then renamed: on a full disk the old one stays. One that says something else
// goes aside.
void write_file(const std::string& path, const std::string& text, SetAside& aside) {
  const std::string part = path + ".part";
  bool written = write_whole(part, text);
  if (written && is_file(path) && text_in(path) != text) aside.take(path);
  written = written && uninterrupted([&] { return std::rename(part.c_str(), path.c_str()); }) == 0;
  if (written) return;
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path) +
                                            "; free some space, or choose another train.output");
}

// "a, b and c"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

}  // namespace

std::string trace_path(const std::string& run_directory) { return run_directory + "/trace.json"; }

std::string last_step_path(const std::string& run_directory) {
  return run_directory + "/last_step.json";
}

RunDirectory::RunDirectory(const Config& config)
    : folder_(made_folder(config.train.output)),
      lock_(locked(folder_ + "/.lock")),
      mark_(folder_ + "/.lock"),
      metrics_(folder_ + "/metrics.jsonl"),
      tensorboard_(config.train.tensorboard) {}

void RunDirectory::begin(const Config& config, const std::string& tokenizer_json,
                         const Schedule& schedule, std::int64_t step) {
  SetAside aside(folder_);
  if (!set_aside_newer(folder_ + "/checkpoints", step, aside).empty()) {
    spdlog::warn(
        "checkpoints {} are of a run that was given up; they are now in "
        "{}/checkpoints/set-aside",
        step < 0 ? "that were here" : "after step " + std::to_string(step), folder_);
  }
  const std::size_t checkpoints = aside.taken().size();
  const int lost = metrics_.keep(step, aside);
  if (lost > 0) {
    spdlog::warn("{}/metrics.jsonl: left out {} line{} that cannot be read", folder_, lost,
                 lost == 1 ? "" : "s");
  }
  const bool cut = aside.taken().size() > checkpoints;
  if (cut && is_file(metrics_csv_path(folder_))) aside.take(metrics_csv_path(folder_));
  if (is_file(trace_path(folder_))) aside.take(trace_path(folder_));  // not of this start
  for (const char* name : {"/run.json", "/run.log", "/last_step.json", "/report.html"}) {
    if (step < 0 && is_file(folder_ + name)) aside.take(folder_ + name);  // of a run begun anew
  }
  if (!keep_log_in(folder_ + "/run.log")) {
    throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(folder_ + "/run.log") +
                                              "; choose another train.output");
  }
  write_file(folder_ + "/config.yaml", resolved_yaml(config), aside);
  write_file(folder_ + "/tokenizer.json", tokenizer_json + "\n", aside);
  write_file(folder_ + "/schedule.csv", csv_of(schedule), aside);
  curves_ = std::make_unique<CurveFiles>(folder_, step, tensorboard_);
  const std::vector<std::string> files(
      aside.taken().begin() + static_cast<std::ptrdiff_t>(checkpoints), aside.taken().end());
  if (files.empty()) return;
  spdlog::warn("what was in {} before this start is kept in {}", folder_, listed(files));
}

void RunDirectory::change_schedule(const Schedule& schedule) {
  SetAside aside(folder_);
  write_file(folder_ + "/schedule.csv", csv_of(schedule), aside);
}

void RunDirectory::write_metrics(const nlohmann::ordered_json& line) {
  metrics_.write(line);
  if (curves_) curves_->add(line);
}

std::string RunDirectory::why_gone() const {
  if (mark_.in_place()) return {};
  return folder_ +
         ": the run directory was removed, moved or replaced while the run was at work in it; what "
         "it writes now would be lost";
}

void RunDirectory::sync_metrics() {
  metrics_.sync();
  if (curves_) curves_->sync();
}

}  // namespace pipetrain
