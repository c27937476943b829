// The Collective over MPI's non-blocking operations, finished in the same wait loop as messages.
// It must not know what the numbers mean.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "comm/mpi/communicator.h"
#include "comm/wait.h"
#include "tensor/memory.h"

namespace pipetrain {

// Sums are not left to MPI_Allreduce or MPI_Reduce_scatter: the order of their additions depends on
// the library, the algorithm it picks for a size, and the placement of ranks. Here MPI only moves
// numbers (all-to-all, all-gather), and each part is added up by one rank, in ascending rank order:
// the same bits on every rank and run, and those of InProcess. The bytes sent are those of the
// usual reduce-scatter and all-gather.
class MpiCollective final : public Collective {
 public:
  // Made by all of `world_ranks` together; rank() is the place in that list. While it waits it
  // polls `mailbox` (may be null), so that messages go on. Work space is taken from `pool`.
  MpiCollective(const std::vector<int>& world_ranks, MemoryPool& pool, WaitOptions wait,
                Mailbox* mailbox = nullptr);
  ~MpiCollective() override;

  // From here on, in place of the time limit that it was made with.
  void limit_waits(double seconds) { wait_.timeout_seconds = seconds; }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(world_ranks_.size()); }
  void all_reduce(std::span<double> values) override;
  void all_reduce(std::span<float> values) override;
  void broadcast(std::span<std::byte> bytes, int root) override;
  void barrier() override;
  std::vector<std::string> all_gather_text(const std::string& text) override;
  std::unique_ptr<Pending> start_reduce_scatter(std::span<float> whole, const Cuts& cuts,
                                                Tensor scratch) override;
  std::unique_ptr<Pending> start_all_gather(std::span<float> whole, const Cuts& cuts) override;
  void wait_for(const std::function<bool()>& done, const std::string& what) override;

 private:
  template <class T>
  void sum_over_ranks(std::span<T> values);
  // Part r of `slice`, counts[r] elements at starts[r], goes to rank r; what comes for this rank is
  // added up in its own part.
  template <class T>
  void exchange_and_add(std::span<T> slice, const std::vector<int>& counts,
                        const std::vector<int>& starts);
  void finish(MPI_Request request, const char* operation);

  std::vector<int> world_ranks_;
  MemoryPool& pool_;
  WaitOptions wait_;
  Mailbox* mailbox_;
  // The started operations of each kind have a communicator of their own, so that their order is
  // no one else's concern.
  Communicator communicator_, scatter_communicator_, gather_communicator_;
  int rank_;
  int unfinished_ = 0;  // operations
};

}  // namespace pipetrain
