// Measures steps that follow each other, against their simulation. It must not know MPI, the
// command line or where the times come from.
#pragma once

#include <string>
#include <vector>

#include "emulate/emulate.h"

namespace pipetrain {

// Collective, as emulate(): options.steps steps as options.between says, measured as one. Seconds
// are means of a step; the bubble is that of all of them, with the first one's warm-up and the last
// one's cool-down.
Emulation emulate_steps(const Schedule& schedule, const Costs& costs,
                        const EmulationOptions& options, const std::vector<std::string>& hosts,
                        Mailbox& mailbox, Collective& collective, MemoryPool& pool);

}  // namespace pipetrain
