// Collective operations over a group of ranks. It must not know MPI or what the numbers mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace pipetrain {

// Where a buffer is cut into a part for each rank of a group: part r is [cuts[r], cuts[r + 1]).
using Cuts = std::vector<std::size_t>;

// An operation that was started. What it reads and writes is left alone until it is done.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual bool done() = 0;            // moves it along, without waiting
  virtual Tensor take_scratch() = 0;  // of one that is done
};

// Every call is made by all ranks of the group in the same order. All wait as Mailbox does: poll,
// back off, time limit.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Sums, in place; the same bits on every rank.
  virtual void all_reduce(std::span<double> values) = 0;
  virtual void all_reduce(std::span<float> values) = 0;
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  virtual void barrier() = 0;
  // Every rank's text on every rank; lengths may differ.
  virtual std::vector<std::string> all_gather_text(const std::string& text) = 0;

  // The two that go on while a rank computes. Each kind has an order of its own: any number of one
  // may be under way when the other, or any operation above, is called. `cuts` are the same on all
  // ranks. Afterwards this rank's part of `whole` holds the sum over the ranks' wholes, and the
  // other parts what they held. The operation keeps `scratch`, of size() x this part's elements or
  // more.
  virtual std::unique_ptr<Pending> start_reduce_scatter(std::span<float> whole, const Cuts& cuts,
                                                        Tensor scratch) = 0;
  // Afterwards every part of `whole` is that of its rank.
  virtual std::unique_ptr<Pending> start_all_gather(std::span<float> whole, const Cuts& cuts) = 0;
  // Waits until done() is true, calling it again and again; `what` for the time limit's error.
  virtual void wait_for(const std::function<bool()>& done, const std::string& what) = 0;
};

}  // namespace pipetrain
