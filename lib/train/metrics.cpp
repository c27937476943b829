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

// The lines of the steps up to `kept_steps`; what follows a line that is cut off is left out.
std::string kept_lines(const std::string& path, std::int64_t kept_steps) {
  std::ifstream file(path, std::ios::binary);
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("step") || !parsed["step"].is_number_integer() ||
        parsed["step"].get<std::int64_t>() > kept_steps) {
      break;
    }
    kept += line + "\n";
  }
  return kept;
}

[[noreturn]] void fail(const std::string& path) {
  throw Error(ExitCode::kConfiguration,
              "cannot write " + system_reason(path) + "; choose another train.output");
}

}  // namespace

MetricsFile::MetricsFile(std::string path, std::int64_t kept_steps) : path_(std::move(path)) {
  const std::string kept = kept_steps > 0 ? kept_lines(path_, kept_steps) : std::string();
  const std::string aside = path_ + ".part";
  file_ = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0666);
  if (file_ < 0) fail(path_);
  if (::write(file_, kept.data(), kept.size()) != static_cast<ssize_t>(kept.size()) ||
      std::rename(aside.c_str(), path_.c_str()) != 0) {
    ::close(file_);
    fail(path_);
  }
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
