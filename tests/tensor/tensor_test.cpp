#include "tensor/tensor.h"

#include <utility>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A tensor gives its memory back once, wherever it was moved") {
  MemoryPool pool;
  {
    Tensor a(pool, {4, 8});
    CHECK(a.bytes() == 128);
    Tensor& left = a;  // what is left of it is looked at
    Tensor b = std::move(a);
    CHECK(left.empty());
    CHECK(pool.used_bytes() == 128);
    Tensor c = Tensor::view(b.data(), {8, 4});
    CHECK(c.f32() == b.f32());
    b.reshape({2, 16});
    CHECK(b.shape().text() == "(2, 16)");
  }
  CHECK(pool.used_bytes() == 0);
}
