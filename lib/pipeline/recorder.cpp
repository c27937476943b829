#include "pipeline/recorder.h"

#include <time.h>

#include <cstddef>

namespace pipetrain {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }
double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

void Recorder::begin(std::size_t expected) {
  spans_.clear();
  spans_.reserve(expected);
  other_work_.clear();
  origin_ = wall_seconds();
}

}  // namespace pipetrain
