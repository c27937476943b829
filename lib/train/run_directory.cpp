#include "train/run_directory.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/output.h"
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

// Open, and ours until it is closed, however this process ends. An earlier job that is just being
// ended gets some seconds for that. Where the file system has no locks there is none.
int locked(const std::string& path) {
  constexpr std::chrono::seconds kPatience(5);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path) + "; choose another train.output");
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::close(file);
      throw Error(ExitCode::kConfiguration,
                  path +
                      ": another run is at work in this run directory; wait for its end, or "
                      "choose another train.output");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return file;
}

// Aside and renamed: on a full disk the old one stays.
void write_file(const std::string& path, const std::string& text) {
  if (write_renamed(path, text)) return;
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path) +
                                            "; free some space, or choose another train.output");
}

}  // namespace

std::string trace_path(const std::string& run_directory) { return run_directory + "/trace.json"; }

RunDirectory::RunDirectory(const Config& config)
    : folder_(made_folder(config.train.output)),
      lock_(locked(folder_ + "/.lock")),
      metrics_(folder_ + "/metrics.jsonl") {}

RunDirectory::~RunDirectory() { ::close(lock_); }

void RunDirectory::begin(const Config& config, std::int64_t done_steps) {
  const int lost = metrics_.keep(done_steps);
  if (lost > 0) {
    spdlog::warn("{}/metrics.jsonl: left out {} line{} that cannot be read", folder_, lost,
                 lost == 1 ? "" : "s");
  }
  std::error_code none;  // a trace of an earlier run is not this one's
  std::filesystem::remove(trace_path(folder_), none);
  write_file(folder_ + "/config.yaml", resolved_yaml(config));
}

void RunDirectory::write_tokenizer(const nlohmann::json& tokenizer) const {
  write_file(folder_ + "/tokenizer.json", tokenizer.dump() + "\n");
}

void RunDirectory::write_schedule(const Schedule& schedule) const {
  write_file(folder_ + "/schedule.csv", csv_of(schedule));
}

}  // namespace pipetrain
