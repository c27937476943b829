// The MPI objects through which one rank of the grid talks, with the memory of its messages. It
// must not know what is said.
#pragma once

#include "comm/grid_links.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "comm/mpi/session.h"

namespace pipetrain {

class MpiLinks {
 public:
  // Made by all ranks together.
  // `copies`: of every stage.
  MpiLinks(const MpiSession& session, const Grid& grid, StageNumbers stages, WaitOptions wait,
           int copies = 1);

  MemoryPool& pool() { return pool_; }
  GridLinks links() { return {grid_, mailbox_, world_, replicas_, tensor_}; }

 private:
  Grid grid_;
  MemoryPool pool_;
  MpiMailbox mailbox_;
  MpiCollective world_, replicas_, tensor_;
};

}  // namespace pipetrain
