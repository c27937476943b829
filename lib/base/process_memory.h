// What this process takes of its host's memory. It must not know what for.
#pragma once

#include <cstddef>
#include <istream>

namespace pipetrain {

// Pages of a program and its libraries are there once for all processes that use them, as are the
// segments through which processes of a host talk.
struct ProcessMemory {
  std::size_t resident = 0;      // every page in full (RSS)
  std::size_t proportional = 0;  // a page of n processes counts 1/n (PSS): the sum is what is taken
  std::size_t own = 0;           // pages that no other process has (USS)
};

// Now, from /proc/self/smaps_rollup; zeros if the system does not say.
ProcessMemory process_memory();
// The same of a text such as that file's.
ProcessMemory process_memory(std::istream& smaps);

}  // namespace pipetrain
