#include "tensor/tensor_copies.h"

#include <cmath>
#include <limits>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Tensors come back as they were when they were last saved, whatever they hold") {
  MemoryPool pool;
  Tensor values(pool, {3}), counts(pool, {2}, DType::kInt32), none;
  values.f32()[0] = -0.0f;
  values.f32()[1] = std::numeric_limits<float>::quiet_NaN();
  values.f32()[2] = 1.5f;
  counts.i32()[0] = 7;
  counts.i32()[1] = -7;
  TensorCopies copies(pool, {&values, &none, &counts});
  copies.save();
  for (int again = 0; again < 2; ++again) {
    values.f32()[0] = values.f32()[1] = values.f32()[2] = 4;
    counts.i32()[1] = 4;
    copies.restore();
    CHECK(std::signbit(values.f32()[0]));
    CHECK(std::isnan(values.f32()[1]));
    CHECK(values.f32()[2] == 1.5f);
    CHECK(counts.i32()[0] == 7);
    CHECK(counts.i32()[1] == -7);
  }
  values.f32()[2] = 2.5f;
  copies.save();
  values.f32()[2] = 0;
  copies.restore();
  CHECK(values.f32()[2] == 2.5f);
}
