#include "ops/matrix.h"

#include <span>
#include <vector>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A tensor is the matrix of its last axis, of its own kind") {
  MemoryPool pool;
  Tensor x(pool, {2, 3, 5}, DType::kBFloat16);
  const Matrix all = x;
  CHECK(all.rows() == 6);
  CHECK(all.columns() == 5);
  CHECK(all.entries() == 30);
  CHECK(all.dtype() == DType::kBFloat16);
  CHECK(all.row<BFloat16>(2) == x.bf16() + 10);
  const Matrix samples = all.in_rows(2);
  CHECK(samples.rows() == 2);
  CHECK(samples.columns() == 15);
  CHECK(samples.data() == x.data());
  const ConstMatrix read = samples;
  CHECK(read.row<BFloat16>(1) == x.bf16() + 15);
}

TEST_CASE("Floats are one row, and nothing is an empty matrix") {
  std::vector<float> floats(7);
  const Matrix row = std::span(floats);
  CHECK(row.rows() == 1);
  CHECK(row.columns() == 7);
  CHECK(row.as<float>() == floats.data());
  CHECK(ConstMatrix(nullptr).empty());
  const Tensor none;
  CHECK(ConstMatrix(none).empty());
  CHECK(ConstMatrix(none).entries() == 0);
}
