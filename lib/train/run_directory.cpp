#include "train/run_directory.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
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

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path));
}

}  // namespace

std::string trace_path(const std::string& run_directory) { return run_directory + "/trace.json"; }

RunDirectory::RunDirectory(const Config& config, std::int64_t done_steps)
    : folder_(made_folder(config.train.output)), metrics_(folder_ + "/metrics.jsonl", done_steps) {
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
