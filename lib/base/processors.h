// The logical processors that a process may run on: which ones, and how much of their time. It must
// not know what runs there.
#pragma once

#include <sys/types.h>

#include <compare>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipetrain {

// Of any size: a cpu_set_t ends at 1024 processors.
class ProcessorSet {
 public:
  using Word = unsigned long;

  ProcessorSet() = default;
  explicit ProcessorSet(std::vector<Word> words) : words_(std::move(words)) {
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }

  void add(int processor);
  void add(const ProcessorSet& others);
  int count() const;
  bool contains(int processor) const;
  std::vector<int> numbers() const;  // ascending
  std::string text() const;          // "0-3,8", as the system writes lists of them
  bool overlaps(const ProcessorSet& other) const;
  std::span<const Word> words() const { return words_; }
  auto operator<=>(const ProcessorSet&) const = default;

 private:
  std::vector<Word> words_;  // the last one is not 0
};

// Of a list as the system writes it; what is no number or range of them is left out.
ProcessorSet processors_in(std::string_view list);

// What the system lets this process, another one, run on. Error(kConfiguration) if it does not say.
ProcessorSet own_processors();
ProcessorSet processors_of(pid_t process);
// Those that the host has switched on, whoever may run on them.
ProcessorSet online_processors();

// The calling thread, and those that it starts from now on, run on these only. False, and nothing
// has changed, if the system does not allow it.
bool run_on(const ProcessorSet& processors);

// Whether OpenMP binds threads itself, as OMP_PROC_BIND or OMP_PLACES have told it.
bool openmp_binds();

// So many processors' worth of time is what control groups grant, such as 2.5; infinity without a
// quota. The arguments are for tests.
double processor_quota(const std::filesystem::path& groups = "/proc/self/cgroup",
                       const std::filesystem::path& root = "/sys/fs/cgroup");

}  // namespace pipetrain
