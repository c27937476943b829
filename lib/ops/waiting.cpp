#include "ops/waiting.h"

#include <strings.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/cores.h"
#include "base/error.h"
#include "base/processors.h"
#include "ops/team.h"

namespace pipetrain {
namespace {

// Set while the program starts again, to what was found before.
constexpr const char* kFound = "PIPETRAIN_WAITS_SLEEP";
// Some 80 us, which nearly all waits within a step are shorter than. On a quiet machine steps take
// as long as with the library's own 300000, which steal milliseconds from others at every wait;
// with 1000, those of a small model took 1.5% longer.
constexpr const char* kSpins = "4000";
constexpr int kSamples = 25;
constexpr std::chrono::milliseconds kBetweenSamples{4};

bool is_set(const char* name) { return std::getenv(name) != nullptr; }

// The number that a variable begins with: Slurm writes "4(x2),3".
std::optional<int> number_in(const char* name) {
  const char* const text = std::getenv(name);
  int number = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc() && number > 0 ? std::optional(number) : std::nullopt;
}

// As Open MPI, MPICH with its kin, and Slurm say it to a rank.
int ranks_on_host() {
  for (const char* name :
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_TASKS_PER_NODE"}) {
    if (const auto ranks = number_in(name)) return *ranks;
  }
  return 1;
}

// A launcher that binds a rank leaves it fewer processors than its own.
bool bound(const ProcessorSet& own) {
  try {
    return own.count() < processors_of(getppid()).count();
  } catch (const Error&) {
    return false;  // another user's process, perhaps
  }
}

// "0.20 0.18 0.12 1/80 11206": one task of 80 wants a processor now, at least this one.
int running_tasks() {
  std::ifstream file("/proc/loadavg");
  double load = 0;
  int running = 0;
  return file >> load >> load >> load >> running ? running : 0;
}

// Asked until there are no more than `enough`. Those that come and go do not count: a launcher is
// busy for some 20 ms as it starts ranks, and a process that ends for as long as the system takes
// back its memory. The system's own averages (/proc/pressure) go back ten seconds, to what has
// ended since: the run before this one.
int steady_tasks(int enough) {
  int least = running_tasks();
  for (int i = 1; i < kSamples && least > enough; ++i) {
    std::this_thread::sleep_for(kBetweenSamples);
    least = std::min(least, running_tasks());
  }
  return least;
}

void start_again(char** argv, const std::string& found) {
  std::error_code none;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", none);
  if (none || setenv(kFound, found.c_str(), 1) != 0) return;
  // OpenMP has bound this thread if it was told to bind; the next start is to find all processors.
  run_on(own_processors());
  show_bad_threads();
  execv(program.c_str(), argv);
  unsetenv(kFound);  // it could not be started: waits are as the library has them
}

}  // namespace

Surroundings surroundings() {
  const ProcessorSet own = own_processors();
  Surroundings around{.ranks = bound(own) ? 1 : ranks_on_host(),
                      .cores = static_cast<int>(cores_of(own).size()),
                      .quota = processor_quota()};
  const int asked = asked_threads().threads;
  const double share = std::min<double>(around.cores, around.quota) / around.ranks;
  around.threads = asked > 0 ? asked : std::max(1, static_cast<int>(share));
  if (own.count() == sysconf(_SC_NPROCESSORS_ONLN)) {
    const int free_cores = std::max(0, around.cores - around.threads * around.ranks);
    around.other_tasks = std::max(0, steady_tasks(around.ranks + free_cores) - around.ranks);
  }
  return around;
}

std::string reason_to_sleep(const Surroundings& around) {
  const auto counted = [](int n, const std::string& noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
  };
  const int threads = around.threads * around.ranks;
  if (threads > around.cores) {
    return counted(threads, "thread") + " on " + counted(around.cores, "core");
  }
  if (around.quota < around.cores) {
    std::array<char, 32> quota{};
    std::snprintf(quota.data(), quota.size(), "%.3g", around.quota);
    const std::string few = threads <= around.quota
                                ? ""
                                : ", too few for " + counted(threads, "thread") +
                                      ": start fewer, or ask for more of it";
    return std::string("a quota of ") + quota.data() + " of " + counted(around.cores, "core") + few;
  }
  if (threads + around.other_tasks > around.cores) return "other work on the machine";
  return {};
}

bool told_to_spin() {
  const char* const policy = std::getenv("OMP_WAIT_POLICY");
  if (policy != nullptr) return strcasecmp(policy, "passive") != 0;
  return number_in("GOMP_SPINCOUNT") && std::getenv("GOMP_SPINCOUNT") != std::string_view(kSpins);
}

std::string settle_waiting(char** argv) {
  if (const char* const found = std::getenv(kFound)) {
    const std::string reason = found;
    unsetenv(kFound);
    return reason;
  }
  const Surroundings around = surroundings();
  std::string reason = reason_to_sleep(around);
  if (around.threads == 1) return reason;  // no team waits
  const bool told = is_set("OMP_WAIT_POLICY") || is_set("GOMP_SPINCOUNT");
  const bool stacks = is_set("OMP_STACKSIZE") || is_set("GOMP_STACKSIZE");
  if (told && !stacks) return reason;
  // A team on smaller stacks than the system's crashes.
  unsetenv("OMP_STACKSIZE");
  unsetenv("GOMP_STACKSIZE");
  if (!told && reason.empty()) setenv("GOMP_SPINCOUNT", kSpins, 1);
  if (!told && !reason.empty()) setenv("OMP_WAIT_POLICY", "passive", 1);
  start_again(argv, reason);
  return reason;
}

}  // namespace pipetrain
