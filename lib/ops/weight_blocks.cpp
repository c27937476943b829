#include "ops/weight_blocks.h"

#include <cstdint>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

// One block: of each output channel the weights of its inputs, which lie beside each other in
// `plain`.
template <bool accumulate>
void unblock_one(const WeightBlocks& s, const float* __restrict from, float* __restrict plain) {
  for (std::int64_t o = 0; o < s.block; ++o) {
    float* __restrict to = plain + o * s.in * s.pixels;
    for (std::int64_t i = 0; i < s.block; ++i) {
      for (std::int64_t pixel = 0; pixel < s.pixels; ++pixel) {
        const float value = from[(pixel * s.block + i) * s.block + o];
        float& entry = to[i * s.pixels + pixel];
        entry = accumulate ? entry + value : value;
      }
    }
  }
}

}  // namespace

void unblock(const WeightBlocks& s, const float* blocks, float* plain, bool accumulate) {
  const std::int64_t across = s.in / s.block, entries = s.block * s.block * s.pixels;
  const auto one = accumulate ? unblock_one<true> : unblock_one<false>;
  parallel_ranges(s.out / s.block * across, 4096 / entries + 1,
                  [&](std::int64_t begin, std::int64_t end, int) {
                    for (std::int64_t block = begin; block < end; ++block) {
                      const std::int64_t out = block / across * s.block;
                      const std::int64_t in = block % across * s.block;
                      one(s, blocks + block * entries, plain + (out * s.in + in) * s.pixels);
                    }
                  });
}

}  // namespace pipetrain
