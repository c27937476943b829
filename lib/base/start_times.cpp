#include "base/start_times.h"

#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "base/clock.h"

namespace pipetrain {
namespace {

// On the clock of wall_seconds(); of a process that the system says nothing of, now. Its name,
// which may hold anything, ends at the last ')'; the start is the 20th field behind that, in ticks
// since the machine's start.
double start_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const double now = wall_seconds();
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return now;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  timespec up{};  // time asleep included, as the ticks
  if (!fields || clock_gettime(CLOCK_BOOTTIME, &up) != 0) return now;
  const double started = std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return now - (static_cast<double>(up.tv_sec) + 1e-9 * static_cast<double>(up.tv_nsec) - started);
}

}  // namespace

StartTimes::StartTimes() : last_(wall_seconds()) {}

StartTimes StartTimes::of_process(bool launched) {
  StartTimes times;
  const double own = start_of(getpid());
  if (launched) {
    times.last_ = start_of(getppid());
    times.end_at(own, "launch");
  }
  times.last_ = own;
  return times;
}

void StartTimes::end(const std::string& phase) { end_at(wall_seconds(), phase); }

void StartTimes::end_at(double wall, const std::string& phase) {
  phases_.push_back({phase, wall - last_});
  last_ = wall;
}

void StartTimes::take(const StartTimes& part) {
  for (const StartPhase& phase : part.phases_) end_at(last_ + phase.seconds, phase.name);
}

double StartTimes::total_seconds() const {
  double total = 0;
  for (const StartPhase& phase : phases_) total += phase.seconds;
  return total;
}

std::string StartTimes::text() const {
  std::ostringstream text;
  for (const StartPhase& phase : phases_) text << phase.seconds << ' ' << phase.name << '\n';
  return text.str();
}

StartTimes StartTimes::of_text(const std::string& text) {
  StartTimes times;
  std::istringstream in(text);
  StartPhase phase;
  while (in >> phase.seconds && in.ignore() && std::getline(in, phase.name)) {
    times.phases_.push_back(phase);
  }
  return times;
}

}  // namespace pipetrain
