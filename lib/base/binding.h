// Which cores each rank of a host computes on: ranks to which the launcher has given the same ones
// divide them. It must not know MPI, nor how many threads a rank has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/cores.h"
#include "base/processors.h"
#include "base/table.h"

namespace pipetrain {

enum class Binding : std::uint8_t { kCores, kNone };

inline constexpr Choice<Binding> kBindings[] = {
    {Binding::kCores, "cores", "Ranks that may run on the same cores divide them."},
    {Binding::kNone, "none", "Ranks run wherever the launcher lets them."},
};

// The ranks of this host, all of them in one order: what each may run on.
struct HostRanks {
  std::size_t mine = 0;
  std::vector<ProcessorSet> processors;
};

// Disjoint cores for each of `ranks`, as many for each: where all ranks fit so, within one NUMA
// node, else in the order of `cores`. None if there are fewer cores than ranks.
std::vector<std::vector<Core>> divided(const std::vector<Core>& cores, std::size_t ranks);

// Where a rank computes.
struct RankCores {
  int cores = 1;        // that it may run on, or what a quota leaves of them
  int sharing = 1;      // ranks of this host that may run on some of these cores, itself included
  std::string binding;  // to what, or why not, for the log; empty: nothing to say
  std::string warning;  // what keeps it from being bound, and should not
};

// Ranks that may run on the same processors divide their cores, if these are enough; ranks of which
// none may run on the same ones stay as they are.
HostRanks with_divided_cores(const HostRanks& host,
                             const std::filesystem::path& system = "/sys/devices/system");

// Of a rank that is bound no further. A quota, in processors' worth of time, is for all ranks of
// the host.
RankCores cores_of_rank(const HostRanks& host, double quota = processor_quota(),
                        const std::filesystem::path& system = "/sys/devices/system");

// Binds the calling thread, and with it the team that it starts later. All ranks of the host call
// it, with the same `binding`.
RankCores bind_rank(const HostRanks& host, Binding binding);

}  // namespace pipetrain
