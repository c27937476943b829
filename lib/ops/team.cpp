#include "ops/team.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr const char* kThreadsVariable = "OMP_NUM_THREADS";

// Its text, while it is hidden.
std::optional<std::string>& hidden() {
  static std::optional<std::string> text;
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// 0 for what is no positive number. OpenMP takes one with spaces around it and a plus sign.
std::int64_t positive_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  return std::max<std::int64_t>(parse_number<std::int64_t>(text).value_or(0), 0);
}

// OpenMP ends the program where it cannot start a thread. So as many are started here first, and
// wait for each other.
void require_startable(int threads) {
  std::latch all_there(1);
  std::vector<std::thread> started;
  std::string reason;
  try {
    while (static_cast<int>(started.size()) + 1 < threads) {
      started.emplace_back([&] { all_there.wait(); });
    }
  } catch (const std::system_error& error) {
    reason = error.what();
  }
  all_there.count_down();
  for (std::thread& thread : started) thread.join();
  if (reason.empty()) return;
  throw Error(ExitCode::kConfiguration,
              "threads: the system starts " + std::to_string(started.size() + 1) + " of " +
                  std::to_string(threads) + " (" + reason +
                  "); set OMP_NUM_THREADS to fewer, or raise the limit (ulimit -u, or that of the "
                  "container's or job's tasks)");
}

}  // namespace

// A list is for nested levels; this program uses the first.
AskedThreads asked_threads(const char* text) {
  if (text == nullptr) return {};
  const std::string_view words = text;
  std::vector<std::int64_t> levels;
  for (std::size_t begin = 0; begin <= words.size();) {
    const std::size_t end = std::min(words.find(',', begin), words.size());
    levels.push_back(positive_number(words.substr(begin, end - begin)));
    begin = end + 1;
  }
  if (std::ranges::find(levels, 0) != levels.end()) return {.not_a_number = text};
  if (levels.front() <= kMostThreads) return {.threads = static_cast<int>(levels.front())};
  throw Error(ExitCode::kConfiguration, std::string("OMP_NUM_THREADS: found ") + text +
                                            "; expected at most " + std::to_string(kMostThreads) +
                                            " threads; set it to the cores that a rank has");
}

AskedThreads asked_threads() {
  return asked_threads(hidden() ? hidden()->c_str() : std::getenv(kThreadsVariable));
}

void hide_bad_threads() {
  const char* const text = std::getenv(kThreadsVariable);
  try {
    if (!asked_threads(text).not_a_number) return;
  } catch (const Error&) {
    return;  // said when it is asked for
  }
  hidden() = text;
  unsetenv(kThreadsVariable);
}

void show_bad_threads() {
  if (hidden()) setenv(kThreadsVariable, hidden()->c_str(), 1);
}

int settle_team(int threads) {
  omp_set_dynamic(0);
  threads = std::min({threads, kMostThreads, omp_get_thread_limit()});
  if (omp_get_max_active_levels() < 1) threads = 1;
  require_startable(threads);
  for (;;) {
    omp_set_num_threads(threads);
    int team = 1;
#pragma omp parallel
    if (omp_get_thread_num() == 0) team = omp_get_num_threads();
    if (team == threads) return threads;
    threads = team;
  }
}

std::string team_limits() {
  std::vector<std::string> set;
  for (const char* name : std::array{"OMP_THREAD_LIMIT", "OMP_MAX_ACTIVE_LEVELS"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr) set.push_back(std::string(name) + "=" + value);
  }
  return join(set);
}

}  // namespace pipetrain
