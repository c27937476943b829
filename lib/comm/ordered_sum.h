// Sums over ranks in ascending rank order, so that every implementation of Collective gives the
// same bits. It must not know where the terms come from.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>

namespace pipetrain {

// sum = term of rank 0 for rank 0, sum += term after that: ((r0 + r1) + r2) + ...
template <class T>
void add_term(int rank, std::span<const T> term, std::span<T> sum) {
  assert(term.size() == sum.size());
  if (rank == 0) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = term[i];
  } else {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
  }
}

}  // namespace pipetrain
