// Measures a schedule on ranks whose stages wait for given times, against its simulation with the
// same times. It must not know MPI, the command line or where the times come from.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "schedule/simulate/overlap.h"
#include "schedule/simulate/simulate.h"
#include "schedule/trace/traced_step.h"
#include "tensor/memory.h"

namespace pipetrain {

struct EmulationOptions {
  std::int64_t message_bytes = 1024;  // of a microbatch between two stages; a multiple of 4
  int steps = 3;                      // measured, after one that is not; the median counts
  bool trace = false;                 // keep what ranks did in the measured steps
  // Or they follow each other, and are measured as one.
  std::optional<StepRule> between = std::nullopt;
};

// Simulated and measured, the same on every rank.
struct Emulation {
  double simulated_seconds = 0, measured_seconds = 0;
  double bubble_simulated = 0, bubble_measured = 0;
  std::vector<double> step_seconds;            // of all measured steps, in order
  std::vector<double> peak_live_microbatches;  // measured, per rank
  std::vector<TracedStep> trace;               // if it was asked for, on rank 0
};

// Collective. `hosts` names every rank's host: ranks of one share a clock, and those of several
// are taken to leave a barrier together.
Emulation emulate(const Schedule& schedule, const Costs& costs, const EmulationOptions& options,
                  const std::vector<std::string>& hosts, Mailbox& mailbox, Collective& collective,
                  MemoryPool& pool);

// Collective: how long a message of this size takes from a rank to its neighbour. The mean over all
// pairs of neighbours of the median of several. 0 on one rank.
double measure_message_seconds(std::int64_t message_bytes, Mailbox& mailbox, Collective& collective,
                               MemoryPool& pool);

}  // namespace pipetrain
