#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "ops/activation.h"
#include "ops/attention/attention.h"
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
    embedding_forward(ops, {0, classes}, ids.data(), matrix(weight, width), matrix(x, width));
    layer_norm_forward(ops, {gamma.data(), beta.data()}, matrix(x, width), matrix(x, width),
                       rstd.data(), matrix(y, width));
    attention_forward(ops, attention, matrix(qkv, 3 * width), matrix(y, width), sums.data());
    gelu_forward(ops, matrix(x, width), matrix(y, width));
    linear_forward(ops, matrix(y, width), weight.data(), bias.data(), matrix(logits, classes));
    cross_entropy(ops, matrix(logits, classes), ids.data(), 1.0f);
    linear_backward_input(ops, matrix(logits, classes), weight.data(), matrix(y, width));
    for (const bool accumulate : {false, true}) {
      linear_backward_weight(ops, matrix(logits, classes), matrix(x, width), gradient.data(),
                             bias.data(), accumulate);
    }
    attention_backward(ops, attention, matrix(qkv, 3 * width), matrix(x, width), sums.data(),
                       matrix(y, width), matrix(dqkv, 3 * width));
    layer_norm_backward(ops, gamma.data(), matrix(y, width), matrix(x, width), rstd.data(), nullptr,
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
