#include "config/working_directory.h"

#include <system_error>

#include "base/error.h"

namespace pipetrain {

std::filesystem::path working_directory() {
  std::error_code reason;
  const std::filesystem::path path = std::filesystem::current_path(reason);
  if (!reason) return path;
  throw Error(ExitCode::kConfiguration,
              "the working directory is gone: " + reason.message() + "; cd to one that is there");
}

std::filesystem::path from_working_directory(const std::filesystem::path& path) {
  return path.is_absolute() ? path : working_directory() / path;
}

}  // namespace pipetrain
