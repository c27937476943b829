#include "train/run_directory.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"

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

}  // namespace

RunDirectory::RunDirectory(const Config& config)
    : metrics_(made_folder(config.train.output) + "/metrics.jsonl") {
  const std::string path = config.train.output + "/config.yaml";
  std::ofstream file(path);
  file << resolved_yaml(config);
  if (!file.flush()) throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path));
}

}  // namespace pipetrain
