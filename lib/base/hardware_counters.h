// The processor's own counters for all threads of this process, by perf_event_open(2), where the
// machine has them and the system lets them be read. It must not know what the threads do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pipetrain {

class HardwareCounters {
 public:
  struct Counts {
    double instructions = 0, cycles = 0;
    double cache_misses = 0;  // of the last-level cache
  };

  // Opens them for the threads that there are now, not counting yet.
  HardwareCounters();
  ~HardwareCounters();
  HardwareCounters(const HardwareCounters&) = delete;
  HardwareCounters& operator=(const HardwareCounters&) = delete;

  // Why there are none; empty if there are.
  const std::string& missing() const { return missing_; }
  void start();
  void stop();
  Counts counts() const;  // of all times between start and stop

 private:
  void close_all();

  std::vector<int> files_;  // per thread one for each member of Counts
  std::string missing_;
};

// What perf_event_open's error means to a user: "No such file or directory (common on virtual
// machines)". `paranoid` is kernel.perf_event_paranoid, or empty.
std::string why_no_counters(int error, const std::string& paranoid);

}  // namespace pipetrain
