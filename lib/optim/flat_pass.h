// One pass over flat buffers, spread over the threads. It must not know what an optimizer computes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ops/parallel.h"
#include "ops/work_log.h"
#include "optim/optimizer.h"
#include "tensor/tensor.h"

namespace pipetrain {

// Threads and shards cut a part at multiples of this many elements, so that the kernels, which
// round differently in the last few of a range, treat every element alike.
inline constexpr std::int64_t kGrain = 4096;

// For each buffer as many zeros as its parts have elements.
inline std::vector<Tensor> zero_moments(MemoryPool& pool,
                                        const std::vector<FlatParameters>& buffers) {
  std::vector<Tensor> moments;
  for (const FlatParameters& buffer : buffers) {
    Tensor& made = moments.emplace_back(pool, Shape{buffer.elements()});
    std::memset(made.data(), 0, made.bytes());
  }
  return moments;
}

// Of an update that reads each gradient, and reads and writes its value and its moments.
struct UpdateCost {
  int moments = 0;
  double flop = 0;  // for each parameter
};
inline Work update_work(const char* optimizer, const std::vector<FlatParameters>& buffers,
                        UpdateCost cost) {
  Work work{.operation = optimizer};
  for (const FlatParameters& buffer : buffers) {
    const auto parameters = static_cast<double>(buffer.elements());
    work.flop += cost.flop * parameters;
    work.bytes += (3.0 + 2.0 * cost.moments) * sizeof(float) * parameters;
  }
  return work;
}

// body(buffer index, first entry, its place in the moments, entries, decays) over the parts of all
// buffers, spread over the threads.
template <class Body>
void for_each_part(const std::vector<FlatParameters>& buffers, const Body& body) {
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    std::int64_t moment = 0;
    for (const FlatParameters::UpdatedPiece& part : buffers[b].parts) {
      const std::int64_t grains = (part.elements + kGrain - 1) / kGrain;
      parallel_ranges(grains, 1, [&](std::int64_t first, std::int64_t last, int) {
        const std::int64_t begin = first * kGrain, end = std::min(last * kGrain, part.elements);
        body(b, part.offset + begin, moment + begin, end - begin, part.decays);
      });
      moment += part.elements;
    }
  }
}

}  // namespace pipetrain
