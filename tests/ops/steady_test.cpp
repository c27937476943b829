#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/cross_entropy.h"
#include "ops/embedding.h"
#include "ops/linear.h"
#include "ops/normalization.h"
#include "reference.h"

using namespace pipetrain;

// Law 5 of the design, for the operations.
TEST_CASE("From the third time on, nothing is allocated and no primitive is built") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t rows = 80, width = 128, classes = 301;
  const AttentionShape attention{2, 40, 4, 32, true};
  Floats x = random_floats(rows * width, 1), y(x.size()), rstd(rows), weight(classes * width);
  Floats logits(rows * classes), gradient(weight.size()), bias(classes), gamma(width), beta(width);
  Floats qkv = random_floats(3 * rows * width, 2), dqkv(qkv.size()), sums(2 * 40 * 4);
  std::vector<std::int32_t> ids(rows, 3);
  std::size_t allocations = 0, primitives = 0;
  for (int time = 0; time < 5; ++time) {
    embedding_forward(ops, 2, 40, width, {0, classes}, ids.data(), weight.data(), x.data());
    layer_norm_forward(ops, rows, width, x.data(), gamma.data(), beta.data(), x.data(), rstd.data(),
                       y.data());
    attention_forward(ops, attention, qkv.data(), y.data(), sums.data());
    gelu_forward(ops, rows * width, x.data(), y.data());
    linear_forward(ops, rows, width, classes, y.data(), weight.data(), bias.data(), logits.data());
    cross_entropy(ops, rows, classes, logits.data(), ids.data(), 1.0f);
    linear_backward_input(ops, rows, width, classes, logits.data(), weight.data(), y.data());
    for (const bool accumulate : {false, true}) {
      linear_backward_weight(ops, rows, width, classes, logits.data(), x.data(), gradient.data(),
                             bias.data(), accumulate);
    }
    attention_backward(ops, attention, qkv.data(), x.data(), sums.data(), y.data(), dqkv.data());
    layer_norm_backward(ops, rows, width, y.data(), x.data(), gamma.data(), rstd.data(), nullptr,
                        gamma.data(), beta.data());
    if (time == 1) {
      allocations = pool.system_allocations();
      primitives = ops.primitives();
    }
  }
  CHECK(pool.used_bytes() == 0);
  CHECK(pool.system_allocations() == allocations);
  CHECK(ops.primitives() == primitives);
}
