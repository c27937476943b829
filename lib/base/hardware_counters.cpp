#include "base/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace pipetrain {
namespace {

// In the order of Counts.
constexpr std::array<std::uint64_t, 3> kEvents = {
    PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_CACHE_MISSES};

// A file that counts this event of a thread, or -1.
int open_event(std::uint64_t event, pid_t thread) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = event;
  attributes.disabled = 1;
  attributes.exclude_kernel = 1;  // what a user may count without being asked
  attributes.exclude_hv = 1;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, thread, /*cpu=*/-1,
                                  /*group=*/-1, PERF_FLAG_FD_CLOEXEC));
}

std::vector<pid_t> threads_of_process() {
  std::vector<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    threads.push_back(static_cast<pid_t>(std::stol(entry.path().filename().string())));
  }
  return threads;
}

// If the processor has fewer counters than events, each counts a share of the time.
double read_event(int file) {
  std::array<std::uint64_t, 3> values{};  // count, time enabled, time running
  if (read(file, values.data(), sizeof(values)) != static_cast<ssize_t>(sizeof(values)) ||
      values[2] == 0) {
    return 0;
  }
  return static_cast<double>(values[0]) * static_cast<double>(values[1]) /
         static_cast<double>(values[2]);
}

}  // namespace

std::string why_no_counters(int error, const std::string& paranoid) {
  std::string text = std::string("perf_event_open: ") + std::strerror(error);
  if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV) {
    text += " (common on virtual machines)";
  } else if ((error == EACCES || error == EPERM) && !paranoid.empty()) {
    text += " (kernel.perf_event_paranoid is " + paranoid +
            "; 2 or less is needed, and a container that lets the call through)";
  }
  return text;
}

HardwareCounters::HardwareCounters() {
  for (const pid_t thread : threads_of_process()) {
    for (const std::uint64_t event : kEvents) {
      const int file = open_event(event, thread);
      if (file < 0) {
        const int error = errno;
        std::string paranoid;
        std::ifstream("/proc/sys/kernel/perf_event_paranoid") >> paranoid;
        missing_ = why_no_counters(error, paranoid);
        close_all();
        return;
      }
      files_.push_back(file);
    }
  }
}

HardwareCounters::~HardwareCounters() { close_all(); }

void HardwareCounters::close_all() {
  for (const int file : files_) close(file);
  files_.clear();
}

void HardwareCounters::start() {
  for (const int file : files_) ioctl(file, PERF_EVENT_IOC_ENABLE, 0);
}

void HardwareCounters::stop() {
  for (const int file : files_) ioctl(file, PERF_EVENT_IOC_DISABLE, 0);
}

HardwareCounters::Counts HardwareCounters::counts() const {
  std::array<double, kEvents.size()> sums{};
  for (std::size_t i = 0; i < files_.size(); ++i) sums[i % sums.size()] += read_event(files_[i]);
  return {sums[0], sums[1], sums[2]};
}

}  // namespace pipetrain
