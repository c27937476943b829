#include "checkpoint/output_folder.h"

#include <filesystem>

#include "base/error.h"
#include "checkpoint/file_io.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

void require_free(const std::string& path) {
  std::error_code unreadable;
  if (!fs::exists(fs::symlink_status(path, unreadable))) return;
  if (fs::is_directory(path, unreadable) && fs::is_empty(path, unreadable)) return;
  throw Error(
      ExitCode::kConfiguration,
      "--output: " + path +
          " is there already and is not an empty folder; give another name, or move it away");
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path) {
  fs::path whole = fs::absolute(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();  // without a last slash
  path_ = whole.string();
  require_free(path_);
  aside_ =
      (whole.parent_path() / std::string(".").append(whole.filename().string()).append(".partial"))
          .string();
  std::error_code error;
  fs::remove_all(aside_, error);  // what an earlier try may have left
  if (!error) fs::create_directories(aside_, error);
  if (error) fail_checkpoint(aside_, error.message());
}

OutputFolder::~OutputFolder() {
  std::error_code left;  // under its hidden name it is no output
  fs::remove_all(aside_, left);
}

void OutputFolder::finish(const std::string& inner) {
  require_free(path_);
  rename_synced(inner, path_);
}

}  // namespace pipetrain
