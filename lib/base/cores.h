// The physical cores behind logical processors: which hardware threads are of one core, and which
// NUMA node it is in. It must not know who runs there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/processors.h"

namespace pipetrain {

struct Core {
  int node = 0;             // of NUMA
  ProcessorSet processors;  // its hardware threads, as far as they may be used
};

// Those of `processors`, NUMA node by NUMA node. A processor that the system says nothing of is a
// core of its own. `system` is for tests.
std::vector<Core> cores_of(const ProcessorSet& processors,
                           const std::filesystem::path& system = "/sys/devices/system");

ProcessorSet processors_of(const std::vector<Core>& cores);

// The cores that this process may use, or what a quota leaves of them; at least 1.
int own_cores();

// "4 cores of NUMA node 0 (processors 0-3,8-11)"
std::string text_of(const std::vector<Core>& cores);

}  // namespace pipetrain
