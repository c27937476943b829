#include "checkpoint/mapped_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/lfs_pointer.h"
#include "base/open_file.h"
#include "checkpoint/file_io.h"

namespace pipetrain {

// Never freed, only used again: a signal's handler walks along all of them at any time.
struct Mapping {
  std::atomic<std::uintptr_t> start = 0;  // 0: of no file now
  std::size_t size = 0;
  std::array<char, 4096> line = {};  // what is said of it
  std::size_t line_size = 0;
  Mapping* next = nullptr;
};

namespace {

std::mutex changes;
std::atomic<Mapping*> first = nullptr;
struct sigaction others = {};  // what SIGBUS did before

// Calls only what a signal's handler may call.
void look_at_fault(int number, siginfo_t* info, void*) {
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Mapping* mapping = first; mapping != nullptr; mapping = mapping->next) {
    const std::uintptr_t start = mapping->start;
    if (start == 0 || at < start || at - start >= mapping->size) continue;
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, mapping->line.data(), mapping->line_size);
    ::_exit(static_cast<int>(ExitCode::kCheckpoint));
  }
  ::sigaction(number, &others, nullptr);  // comes again at once, and is theirs
}

Mapping& unused_mapping() {
  for (Mapping* mapping = first; mapping != nullptr; mapping = mapping->next) {
    if (mapping->start == 0) return *mapping;
  }
  auto* const made = new Mapping;
  made->next = first;
  first = made;
  return *made;
}

Mapping* watch(const std::byte* start, std::size_t size, const std::string& path) {
  const std::lock_guard lock(changes);
  struct sigaction action = {};
  ::sigaction(SIGBUS, nullptr, &action);
  if (action.sa_sigaction != look_at_fault) {  // MPI may have taken its place
    others = std::exchange(action, {});
    action.sa_sigaction = look_at_fault;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
  }
  Mapping& mapping = unused_mapping();
  const std::string line =
      one_line("pipetrain: error: checkpoint: " + path + ": cannot be read any more") +
      "; was it cut short, or has its server gone?\n";
  mapping.line_size = std::min(line.size(), mapping.line.size());
  std::copy_n(line.begin(), mapping.line_size, mapping.line.begin());
  mapping.size = size;
  mapping.start = reinterpret_cast<std::uintptr_t>(start);
  return &mapping;
}

[[noreturn]] void fail_to_map(const std::string& path) {
  throw Error(ExitCode::kCheckpoint, "checkpoint: " + system_reason(path));
}

}  // namespace

MappedBytes::MappedBytes(const std::string& path) {
  const Descriptor file = open_file(path, O_RDONLY | O_NONBLOCK);  // opening a pipe returns
  if (file.number() < 0) fail_to_map(path);
  struct stat info = {};
  if (::fstat(file.number(), &info) != 0) fail_to_map(path);
  if (!S_ISREG(info.st_mode)) fail_checkpoint(path, "is not a regular file");
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ == 0) return;
  void* const start = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.number(), 0);
  if (start == MAP_FAILED) fail_to_map(path);
  data_ = static_cast<const std::byte*>(start);
  mapping_ = watch(data_, size_, path);
  const std::string pointer = lfs_pointer_reason(text());
  if (pointer.empty()) return;
  mapping_->start = 0;
  ::munmap(start, size_);
  fail_checkpoint(path, pointer);
}

MappedBytes::MappedBytes(MappedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapping_(std::exchange(other.mapping_, nullptr)) {}

MappedBytes::~MappedBytes() {
  if (data_ == nullptr) return;
  mapping_->start = 0;
  ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace pipetrain
