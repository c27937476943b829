#include "emulate/link_queues.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "base/error.h"
#include "comm/agree.h"

namespace pipetrain {
namespace {

using FreeAt = std::atomic<double>;
static_assert(FreeAt::is_always_lock_free && sizeof(FreeAt) == sizeof(double));

std::string new_name() {
  static std::atomic<int> made{0};
  return "/pipetrain-links-" + std::to_string(getpid()) + "-" + std::to_string(made++);
}

// A name that stands for the memory until all have it.
struct SharedName {
  std::string text;
  bool is_mine;
  ~SharedName() {
    if (is_mine) shm_unlink(text.c_str());
  }
};

void* mapped(const std::string& name, int flags, std::size_t bytes) {
  const int file = shm_open(name.c_str(), flags, 0600);
  void* memory = MAP_FAILED;
  if (file >= 0) {
    const bool sized = (flags & O_CREAT) == 0 || ftruncate(file, static_cast<off_t>(bytes)) == 0;
    if (sized) memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
  }
  if (memory != MAP_FAILED) return memory;
  throw Error(ExitCode::kConfiguration,
              "cannot share memory for --links: " + system_reason("/dev/shm" + name));
}

}  // namespace

// The system fills the memory with zeros: all links are free.
LinkQueues::LinkQueues(std::size_t count, Collective& collective)
    : bytes_(std::max<std::size_t>(count, 1) * sizeof(FreeAt)) {
  const bool makes = collective.rank() == 0;
  const SharedName name{collective.all_gather_text(makes ? new_name() : "").front(), makes};
  const auto map = [&] {
    memory_ = mapped(name.text, makes ? O_CREAT | O_EXCL | O_RDWR : O_RDWR, bytes_);
  };
  agree(collective, [&] {
    if (makes) map();
  });
  agree(collective, [&] {
    if (!makes) map();
  });
}

LinkQueues::~LinkQueues() { munmap(memory_, bytes_); }

double LinkQueues::take(std::size_t queue, double now, double seconds) {
  FreeAt& free = static_cast<FreeAt*>(memory_)[queue];
  double seen = free.load();
  double until = 0;
  do until = std::max(seen, now) + seconds;
  while (!free.compare_exchange_weak(seen, until));
  return until;
}

}  // namespace pipetrain
