// What each rank's tensors will take, known before any of them is made, and whether there is room
// for it. It must not know MPI or what is trained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "comm/grid.h"
#include "plan/rank_memory.h"
#include "setup/layout.h"

namespace pipetrain {

// One per rank of the pipeline. `measured`: the layers on the largest microbatch of the setup.
std::vector<RankMemory> forecast_memory(const Config& config, const ModelSetup& setup,
                                        const Layout& layout, std::vector<LayerMeasure> measured);

// What this process takes beside tensors once all has run: what it takes now, and what oneDNN's
// kernels and packing buffers and MPI's buffers add.
std::int64_t foreseen_process_bytes();

// Collective. Why there is no room: the tensors of some rank exceed its limit, with the
// `process_bytes` that its process takes beside them. Empty: there is.
std::string why_no_room(const std::vector<RankMemory>& memory, const MemoryLimit& limit,
                        std::int64_t process_bytes, const Grid& grid, Collective& world);
// Collective, before there are tensors. Error(kConfiguration) on every rank if there is no room.
void require_room(const std::vector<RankMemory>& memory, const MemoryLimit& limit, const Grid& grid,
                  Collective& world);

}  // namespace pipetrain
