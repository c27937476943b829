// One loop over the threads of this rank. Work is cut evenly and in order, so who computes what
// never changes a result.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace pipetrain {

// body(begin, end, thread) over [0, count) in at most one range per thread; a thread gets at least
// `grain` items.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
  const std::int64_t threads =
      std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, omp_get_max_threads());
  if (threads == 1) {
    body(std::int64_t{0}, count, 0);
    return;
  }
#pragma omp parallel num_threads(static_cast<int>(threads))
  {
    const int thread = omp_get_thread_num();
    const std::int64_t team = omp_get_num_threads();  // OpenMP may give fewer than were asked for
    body(count * thread / team, count * (thread + 1) / team, thread);
  }
}

}  // namespace pipetrain
