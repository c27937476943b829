#include "base/kept_log.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/output.h"
#include "base/uninterrupted.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMostHeld = 1 << 16;  // bytes
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S%z %l %v";

class KeptLog : public spdlog::sinks::base_sink<std::mutex> {
 public:
  KeptLog() { set_pattern(kPattern); }
  ~KeptLog() override { close(); }
  KeptLog(const KeptLog&) = delete;
  KeptLog& operator=(const KeptLog&) = delete;

  bool open(const std::string& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    close();
    file_ = uninterrupted(
        [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
    return file_ >= 0 && write_all(file_, std::exchange(held_, {}));
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const std::string_view line(text.data(), text.size());
    if (file_ >= 0) {
      write_all(file_, line);
    } else if (held_.size() + line.size() <= kMostHeld) {
      held_ += line;
    }
  }
  void flush_() override {}

 private:
  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  int file_ = -1;
  std::string held_;
};

// The default logger's; made if it has none.
KeptLog& kept_log() {
  auto& sinks = spdlog::default_logger()->sinks();
  for (const spdlog::sink_ptr& sink : sinks) {
    if (auto* kept = dynamic_cast<KeptLog*>(sink.get())) return *kept;
  }
  auto made = std::make_shared<KeptLog>();
  sinks.push_back(made);
  return *made;
}

}  // namespace

void hold_log() { kept_log(); }

bool keep_log_in(const std::string& path) { return kept_log().open(path); }

}  // namespace pipetrain
