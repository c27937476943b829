#include "replaceable.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <system_error>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr std::size_t kBeginningBytes = 4096;

std::string beginning_of(const std::string& path) {
  std::string text(kBeginningBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

void require_replaceable(const std::string& option, const std::string& path,
                         const std::string& kind,
                         const std::function<bool(std::string_view beginning)>& is_ours) {
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(path, unknown);
  if (!std::filesystem::exists(status)) return;
  if (std::filesystem::is_regular_file(status)) {
    const bool empty = std::filesystem::file_size(path, unknown) == 0 && !unknown;
    if (empty || is_ours(beginning_of(path))) return;
  }
  throw Error(ExitCode::kConfiguration,
              option + " " + path + " is there and is not " + kind + "; name another file");
}

}  // namespace pipetrain
