#include "train/metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pipetrain {

namespace {

[[noreturn]] void fail(const std::string& path) {
  throw Error(ExitCode::kConfiguration,
              "cannot write " + system_reason(path) + "; choose another train.output");
}

// Leaves the lines of the steps up to `kept_steps`; what follows a line that is cut off goes, too.
void keep_lines(const std::string& path, std::int64_t kept_steps) {
  const std::string aside = path + ".part";
  {
    std::ifstream file(path, std::ios::binary);
    std::ofstream kept(aside, std::ios::binary);
    for (std::string line; std::getline(file, line);) {
      const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
      if (!parsed.is_object() || !parsed.contains("step") || !parsed["step"].is_number_integer() ||
          parsed["step"].get<std::int64_t>() > kept_steps) {
        break;
      }
      kept << line << '\n';
    }
    if (!kept.flush()) fail(aside);
  }
  if (std::rename(aside.c_str(), path.c_str()) != 0) fail(path);
}

}  // namespace

MetricsFile::MetricsFile(std::string path, std::int64_t kept_steps) : path_(std::move(path)) {
  if (kept_steps > 0) keep_lines(path_, kept_steps);
  const int anew = kept_steps > 0 ? 0 : O_TRUNC;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | anew, 0666);
  if (file_ < 0) fail(path_);
}

MetricsFile::~MetricsFile() { ::close(file_); }

void MetricsFile::write(const nlohmann::ordered_json& line) {
  const std::string text = line.dump() + "\n";
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    const int reason = errno;
    if (::ftruncate(file_, before) != 0) errno = reason;  // half a line would spoil the next
    errno = reason;
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path_) + "; free some space and start again");
  }
}

}  // namespace pipetrain
