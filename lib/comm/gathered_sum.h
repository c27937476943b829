// A sum over ranks that goes on while they compute: each has a few entries of a long list, which
// are gathered and then added up by everyone in the order of the ranks. It must not know what the
// numbers mean.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "comm/collective.h"

namespace pipetrain {

class GatheredSum {
 public:
  // Collective. `mine`: the entries that this rank will have, in any order; others are 0 here.
  // `ranks` outlives it, and starts no other gathers.
  GatheredSum(Collective& ranks, std::vector<std::size_t> mine);
  ~GatheredSum();

  // One at a time. The values are read before it returns.
  void start(std::span<const double> values);
  // Waits for all ranks; fills in the sums, the same bits on every rank.
  void take(std::span<double> values);

 private:
  Collective& ranks_;
  std::vector<std::vector<std::size_t>> entries_;  // of each rank
  Cuts cuts_;                                      // in floats: each double is moved as two
  std::vector<float> moved_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace pipetrain
