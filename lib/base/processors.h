// The logical processors that a process may run on: which ones, and how much of their time. It must
// not know what runs there.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace pipetrain {

// Of any size: a cpu_set_t ends at 1024 processors.
class ProcessorSet {
 public:
  using Word = unsigned long;

  ProcessorSet() = default;
  explicit ProcessorSet(std::vector<Word> words) : words_(std::move(words)) {}

  void add(int processor);
  int count() const;
  bool overlaps(const ProcessorSet& other) const;
  std::span<const Word> words() const { return words_; }

 private:
  std::vector<Word> words_;
};

// What the system lets this process, another one, run on. Error(kConfiguration) if it does not say.
ProcessorSet own_processors();
ProcessorSet processors_of(pid_t process);

// So many processors' worth of time is what control groups grant, such as 2.5; infinity without a
// quota. The arguments are for tests.
double processor_quota(const std::filesystem::path& groups = "/proc/self/cgroup",
                       const std::filesystem::path& root = "/sys/fs/cgroup");

}  // namespace pipetrain
