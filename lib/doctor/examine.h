// Measures one rank of a cluster: what its processor, its memory and its messages do while all
// ranks do the same. Collective. It must not know which figures are good.
#pragma once

#include <filesystem>
#include <string>

#include "comm/grid_links.h"
#include "doctor/checkup.h"
#include "ops/ops.h"
#include "setup/world.h"
#include "tensor/memory.h"

namespace pipetrain {

struct ExamineRequest {
  std::string mpi;                  // the library's name and version
  std::filesystem::path directory;  // of rank 0: that which all ranks are to see
  double seconds = 0.15;            // for each shape of product, and for each way to move memory
};

// Of this rank, whose threads are settled.
Checkup examine(const ExamineRequest& request, const World& world, const GridLinks& links,
                MemoryPool& pool, Ops& ops);

}  // namespace pipetrain
