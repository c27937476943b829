#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/output.h"
#include "base/uninterrupted.h"

namespace pipetrain {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{50};
constexpr std::chrono::milliseconds kBeat{500}, kQuiet{3000};  // without a beat its writer is gone
constexpr std::time_t kFresh = 30;                             // seconds: clocks of hosts differ
constexpr std::string_view kFree = "free";
constexpr std::size_t kRecordBytes = 256;

int opened(const std::string& path, int flags) {
  return uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
}

// Opened each time: only then does a network file system look at what another host has written.
std::string text_in(const std::string& path) {
  const int file = opened(path, O_RDONLY);
  if (file < 0) return {};
  std::array<char, kRecordBytes> text;
  const ssize_t size = uninterrupted([&] { return ::read(file, text.data(), text.size()); });
  ::close(file);
  return {text.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

// Always as many bytes, over those that were there: nobody finds the file empty meanwhile.
bool put(const std::string& path, std::string text) {
  text.resize(kRecordBytes - 1, ' ');
  const int file = opened(path, O_WRONLY | O_CREAT);
  if (file < 0) return false;
  const bool written = write_all(file, text + "\n");
  return ::close(file) == 0 && written;
}

bool is_free(std::string_view text) { return text.empty() || text.starts_with(kFree); }

std::string host_name() {
  std::array<char, 128> host = {};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

// "node7 1234 567890 ", of this process alone.
std::string own_record() {
  return host_name() + " " + std::to_string(::getpid()) + " " +
         std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + " ";
}

// Of a process that is surely gone, as one of this host that is not there.
bool is_gone(const std::string& text) {
  std::istringstream words(text);
  std::string host;
  pid_t process = 0;
  words >> host >> process;
  return host == host_name() && process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

bool is_of(std::string_view text, std::string_view record) { return text.starts_with(record); }

}  // namespace

FolderLock::FolderLock(std::string path, std::string record, std::string why_no_lock)
    : path_(std::move(path)),
      record_(std::move(record)),
      why_no_lock_(std::move(why_no_lock)),
      heart_([this](const std::stop_token& end) { beat(end); }) {}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
  if (!heart_.joinable()) return;
  heart_.request_stop();
  heart_.join();
  if (is_of(text_in(path_), record_)) put(path_, std::string(kFree));
}

std::unique_ptr<FolderLock> FolderLock::take(const std::string& path,
                                             std::chrono::seconds patience) {
  const int file = opened(path, O_RDWR | O_CREAT);
  if (file < 0) return nullptr;
  const auto deadline = Clock::now() + patience;
  while (uninterrupted([&] { return ::flock(file, LOCK_EX | LOCK_NB); }) != 0) {
    const int reason = errno;
    if (reason != EWOULDBLOCK) {
      ::close(file);
      return take_without_locks(path, patience, std::strerror(reason));
    }
    if (Clock::now() > deadline) {
      ::close(file);
      errno = 0;
      return nullptr;
    }
    std::this_thread::sleep_for(kPause);
  }
  return std::unique_ptr<FolderLock>(new FolderLock(file));
}

// Whoever has written the file goes on to do so while it is there. After its own first record a
// process looks again a moment later, for one that came at the same time.
std::unique_ptr<FolderLock> FolderLock::take_without_locks(const std::string& path,
                                                           std::chrono::seconds patience,
                                                           const std::string& why) {
  const std::string record = own_record();
  const auto deadline = Clock::now() + kQuiet + patience;
  std::string seen = text_in(path);
  auto changed = Clock::now();
  while (Clock::now() < deadline) {
    if (is_free(seen) || is_gone(seen) || Clock::now() - changed > kQuiet) {
      if (!put(path, record + "0")) return nullptr;
      std::this_thread::sleep_for(4 * kPause);
      seen = text_in(path);
      if (is_of(seen, record)) {
        return std::unique_ptr<FolderLock>(new FolderLock(path, record, why));
      }
      changed = Clock::now();
    }
    std::this_thread::sleep_for(kPause);
    std::string now = text_in(path);
    if (now == seen) continue;
    seen = std::move(now);
    changed = Clock::now();
  }
  errno = 0;
  return nullptr;
}

// What another process has written, which took this one for gone, stays.
void FolderLock::beat(const std::stop_token& end) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (long count = 1; !end.stop_requested(); ++count) {
    over_.wait_for(lock, end, kBeat, [] { return false; });
    if (end.stop_requested() || !is_of(text_in(path_), record_)) return;
    put(path_, record_ + std::to_string(count));
  }
}

FileMark::FileMark(std::string path) : path_(std::move(path)) {
  struct stat info = {};
  if (::stat(path_.c_str(), &info) != 0) return;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

bool FileMark::in_place() const {
  struct stat info = {};
  return ::stat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
}

bool is_held(const std::string& path) {
  const int file = opened(path, O_RDONLY);
  if (file < 0) return false;
  const bool locked = uninterrupted([&] { return ::flock(file, LOCK_SH | LOCK_NB); }) == 0;
  const bool by_other = !locked && errno == EWOULDBLOCK;
  struct stat info = {};
  const bool fresh =
      ::fstat(file, &info) == 0 && std::time(nullptr) - info.st_mtim.tv_sec <= kFresh;
  ::close(file);
  if (locked || by_other || !fresh) return by_other;
  const std::string text = text_in(path);
  return !is_free(text) && !is_gone(text);
}

}  // namespace pipetrain
