#include "base/processors.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr std::size_t kBits = 8 * sizeof(ProcessorSet::Word);
constexpr std::size_t kFirstWords = 1024 / kBits, kMostWords = kFirstWords << 10;
constexpr int kMostProcessors = static_cast<int>(kMostWords * kBits);
constexpr double kNoQuota = std::numeric_limits<double>::infinity();

// "200000 100000" or "max 100000": time in each period, and the period.
double quota_of_version_2(const std::filesystem::path& folder) {
  std::ifstream file(folder / "cpu.max");
  double time = 0, period = 0;
  return file >> time >> period && time > 0 && period > 0 ? time / period : kNoQuota;
}

double quota_of_version_1(const std::filesystem::path& folder) {
  std::ifstream times(folder / "cpu.cfs_quota_us"), periods(folder / "cpu.cfs_period_us");
  double time = 0, period = 0;  // -1: no quota
  return times >> time && periods >> period && time > 0 && period > 0 ? time / period : kNoQuota;
}

// The least of a group and those that it is in, as far as they can be seen from here.
template <class Quota>
double least_quota(const std::filesystem::path& root, std::filesystem::path group,
                   const Quota& quota) {
  double least = quota(root);
  for (; group.has_relative_path(); group = group.parent_path()) {
    least = std::min(least, quota(root / group.relative_path()));
  }
  return least;
}

}  // namespace

void ProcessorSet::add(int processor) {
  const auto bit = static_cast<std::size_t>(processor);
  if (words_.size() <= bit / kBits) words_.resize(bit / kBits + 1);
  words_[bit / kBits] |= Word{1} << bit % kBits;
}

void ProcessorSet::add(const ProcessorSet& others) {
  words_.resize(std::max(words_.size(), others.words_.size()));
  for (std::size_t i = 0; i < others.words_.size(); ++i) words_[i] |= others.words_[i];
}

bool ProcessorSet::contains(int processor) const {
  const auto bit = static_cast<std::size_t>(processor);
  return bit / kBits < words_.size() && (words_[bit / kBits] >> bit % kBits & 1) != 0;
}

std::vector<int> ProcessorSet::numbers() const {
  std::vector<int> numbers;
  for (std::size_t bit = 0; bit < words_.size() * kBits; ++bit) {
    if (contains(static_cast<int>(bit))) numbers.push_back(static_cast<int>(bit));
  }
  return numbers;
}

std::string ProcessorSet::text() const {
  std::vector<std::string> ranges;
  for (const int first : numbers()) {
    if (first > 0 && contains(first - 1)) continue;
    int last = first;
    while (contains(last + 1)) ++last;
    ranges.push_back(std::to_string(first) + (last > first ? "-" + std::to_string(last) : ""));
  }
  return join(ranges, ",");
}

ProcessorSet processors_in(std::string_view list) {
  ProcessorSet set;
  while (!list.empty()) {
    const std::string_view range = list.substr(0, list.find(','));
    list.remove_prefix(std::min(range.size() + 1, list.size()));
    const auto dash = std::min(range.find('-'), range.size());
    const auto first = parse_number<int>(range.substr(0, dash));
    const auto last = dash < range.size() ? parse_number<int>(range.substr(dash + 1)) : first;
    if (!first || !last || *first < 0 || *last >= kMostProcessors) continue;
    for (int processor = *first; processor <= *last; ++processor) set.add(processor);
  }
  return set;
}

int ProcessorSet::count() const {
  int count = 0;
  for (const Word word : words_) count += std::popcount(word);
  return count;
}

bool ProcessorSet::overlaps(const ProcessorSet& other) const {
  for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i) {
    if ((words_[i] & other.words_[i]) != 0) return true;
  }
  return false;
}

ProcessorSet processors_of(pid_t process) {
  for (std::size_t size = kFirstWords;; size *= 2) {
    std::vector<ProcessorSet::Word> words(size);
    if (sched_getaffinity(process, size * sizeof(ProcessorSet::Word),
                          reinterpret_cast<cpu_set_t*>(words.data())) == 0) {
      return ProcessorSet(std::move(words));
    }
    // EINVAL: the machine may have more.
    if (errno == EINVAL && size < kMostWords) continue;
    throw Error(ExitCode::kConfiguration,
                std::string("the system does not say which processors this program may use: ") +
                    std::strerror(errno));
  }
}

ProcessorSet online_processors() {
  std::ifstream file("/sys/devices/system/cpu/online");
  std::string list;
  std::getline(file, list);
  return processors_in(list);
}

bool run_on(const ProcessorSet& processors) {
  return sched_setaffinity(0, processors.words().size_bytes(),
                           reinterpret_cast<const cpu_set_t*>(processors.words().data())) == 0;
}

bool openmp_binds() { return omp_get_proc_bind() != omp_proc_bind_false; }

ProcessorSet own_processors() {
  // OpenMP, told to bind threads (OMP_PROC_BIND, OMP_PLACES), has bound this one to one of its
  // places before main() began. What the process had is in all of them.
  const int places = openmp_binds() ? omp_get_num_places() : 0;
  ProcessorSet bound;
  for (int place = 0; place < places; ++place) {
    std::vector<int> processors(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, processors.data());
    for (const int processor : processors) bound.add(processor);
  }
  return bound.count() > 0 ? bound : processors_of(0);
}

double processor_quota(const std::filesystem::path& groups, const std::filesystem::path& root) {
  std::ifstream lines(groups);  // "1:cpu,cpuacct:/path", or "0::/path" of version 2
  double least = kNoQuota;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string group = line.substr(second + 1);
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    if (second == first + 1) {
      least = std::min(least, least_quota(root, group, quota_of_version_2));
    }
    for (std::string controller; std::getline(controllers, controller, ',');) {
      if (controller != "cpu") continue;
      least = std::min(least, least_quota(root / "cpu", group, quota_of_version_1));
    }
  }
  return least;
}

}  // namespace pipetrain
