#include "base/process_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace pipetrain {

ProcessMemory process_memory() {
  std::ifstream file("/proc/self/smaps_rollup");
  return process_memory(file);
}

ProcessMemory process_memory(std::istream& smaps) {
  constexpr std::size_t kKilobyte = 1024;
  smaps.ignore(std::numeric_limits<std::streamsize>::max(), '\n');  // the range of addresses
  ProcessMemory memory;
  std::size_t kilobytes = 0;
  std::string unit;
  for (std::string name; smaps >> name >> kilobytes >> unit;) {
    const std::size_t bytes = kilobytes * kKilobyte;
    if (name == "Rss:") memory.resident = bytes;
    if (name == "Pss:") memory.proportional = bytes;
    if (name == "Private_Clean:" || name == "Private_Dirty:") memory.own += bytes;
  }
  return memory;
}

}  // namespace pipetrain
