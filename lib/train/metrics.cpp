#include "train/metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pipetrain {

MetricsFile::MetricsFile(std::string path)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (file_ < 0) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path_) + "; choose another train.output");
  }
}

MetricsFile::~MetricsFile() { ::close(file_); }

void MetricsFile::write(const nlohmann::ordered_json& line) {
  const std::string text = line.dump() + "\n";
  if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path_) + "; free some space and start again");
  }
}

}  // namespace pipetrain
