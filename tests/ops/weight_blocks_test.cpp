#include "ops/weight_blocks.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

TEST_CASE("Blocks of weights are written to the plain layout, or added, at any number of threads") {
  const int threads = omp_get_max_threads();
  for (const WeightBlocks& s :
       {WeightBlocks{32, 48, 9, 16}, WeightBlocks{16, 8, 1, 8}, WeightBlocks{64, 96, 3, 16}}) {
    const Floats blocks = random_floats(s.out * s.in * s.pixels, 1);
    const Floats base = random_floats(s.out * s.in * s.pixels, 2);
    Floats plain(blocks.size());
    for (std::int64_t at = 0; at < s.out * s.in * s.pixels; ++at) {
      const std::int64_t o = at % s.block, i = at / s.block % s.block;
      const std::int64_t pixel = at / (s.block * s.block) % s.pixels;
      const std::int64_t number = at / (s.block * s.block * s.pixels);
      const std::int64_t out = number / (s.in / s.block) * s.block + o;
      const std::int64_t in = number % (s.in / s.block) * s.block + i;
      plain[static_cast<std::size_t>((out * s.in + in) * s.pixels + pixel)] =
          blocks[static_cast<std::size_t>(at)];
    }
    Floats sum = base;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += plain[i];
    for (const int team : {1, 2}) {
      CAPTURE(s.out, s.in, team);
      omp_set_num_threads(team);
      Floats written(plain.size()), added = base;
      unblock(s, blocks.data(), written.data(), false);
      unblock(s, blocks.data(), added.data(), true);
      omp_set_num_threads(threads);
      CHECK(same_bits(written, plain));
      CHECK(same_bits(added, sum));
    }
  }
}
