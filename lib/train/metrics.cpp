#include "train/metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/output.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& advice) {
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path) + "; " + advice);
}

constexpr const char* kElsewhere = "choose another train.output";
constexpr const char* kMakeRoom = "free some space and start again";

// The step of a line of metrics; -1 if it is none.
std::int64_t step_of(const std::string& line) {
  const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
  const bool known = parsed.is_object() && parsed.contains("step") &&
                     parsed["step"].is_number_integer() && parsed["step"] >= 0;
  return known ? parsed["step"].get<std::int64_t>() : -1;
}

struct Kept {
  std::string lines;
  int cut = 0, unreadable = 0;  // lines that go, or have no end; those of them that are none
};

Kept kept_lines(const std::string& path, std::int64_t last) {
  Kept kept;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return kept;  // a pipe has no end
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const bool cut_off = file.eof();
    const std::int64_t step = step_of(line);
    const bool stays = step >= 0 && step <= last;
    if (stays) kept.lines += line + "\n";
    if (!stays || cut_off) ++kept.cut;
    if (step < 0 && !cut_off) ++kept.unreadable;
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(std::string path) : path_(std::move(path)) { open(); }

MetricsFile::~MetricsFile() {
  if (file_ >= 0) ::close(file_);
}

void MetricsFile::open() {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) fail(path_, kElsewhere);
}

int MetricsFile::keep(std::int64_t step, SetAside& aside) {
  const Kept kept = kept_lines(path_, step);
  if (kept.cut == 0) return 0;
  const std::string part = path_ + ".part";
  if (!write_whole(part, kept.lines)) {
    fail(part, errno == EACCES || errno == EROFS ? kElsewhere : kMakeRoom);
  }
  aside.take(path_);
  if (std::rename(part.c_str(), path_.c_str()) != 0) fail(path_, kElsewhere);
  open();
  return step < 0 ? 0 : kept.unreadable;
}

void MetricsFile::write(const nlohmann::ordered_json& line) {
  const std::string text = line.dump() + "\n";
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (!write_all(file_, text)) {
    const int reason = errno;
    [[maybe_unused]] const int cut = ::ftruncate(file_, before);  // half a line spoils the next
    errno = reason;
    fail(path_, kMakeRoom);
  }
}

void MetricsFile::sync() {
  // Some network file systems, and what is not a disk, say EINVAL.
  if (::fsync(file_) != 0 && errno != EINVAL) fail(path_, kMakeRoom);
}

}  // namespace pipetrain
