// Gradients of a convolution's weights from oneDNN's blocks to the plain layout. They must not know
// oneDNN.
#pragma once

#include <cstdint>

namespace pipetrain {

// (out, in, pixels) weights as blocks (out / block, in / block, pixels, block of in, block of out).
struct WeightBlocks {
  std::int64_t out = 0, in = 0, pixels = 0;
  std::int64_t block = 0;  // divides out and in
};

// plain (out, in, pixels) = blocks, or += where they are to be added. oneDNN's reorder, which goes
// through the plain side in large steps, takes 0.9 to 2 ns an entry of 512 to 512 channels; block
// by block, in the first cache, it is 0.3.
void unblock(const WeightBlocks& shape, const float* blocks, float* plain, bool accumulate);

}  // namespace pipetrain
