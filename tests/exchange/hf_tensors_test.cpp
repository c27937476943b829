#include "exchange/hf_tensors.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;

namespace {

using Values = std::vector<float>;

// What of `own` is theirs, and what comes of taking that into zeros.
void check(const HfTensor& tensor, const Values& own, const Values& expected) {
  Values theirs(expected.size());
  copy_to_hf(tensor, own, theirs);
  CHECK(theirs == expected);
  Values back(own.size()), kept(own.size());
  const StoredTensor stored{"x", StoredType::kFloat32, tensor.shape(),
                            std::as_bytes(std::span(theirs))};
  copy_from_hf(tensor, stored, back);
  const std::int64_t columns = tensor.columns == 0 ? 1 : tensor.columns;
  for (std::int64_t i = 0; i < tensor.rows * columns; ++i) {
    const auto at = static_cast<std::size_t>(tensor.first_row * columns + i);
    kept[at] = own[at];
  }
  CHECK(back == kept);
}

}  // namespace

TEST_CASE("A tensor of theirs is all of one of ours, some of its rows, or the transposed") {
  const Values own = {1, 2, 3, 4, 5, 6};  // (3, 2)
  const HfTensor whole{.rows = 3, .columns = 2, .own_rows = 3};
  CHECK(whole.shape() == Extents{3, 2});
  check(whole, own, own);
  const HfTensor rows{.rows = 2, .columns = 2, .first_row = 1, .own_rows = 3};
  CHECK(rows.shape() == Extents{2, 2});
  CHECK(rows.own_shape() == Extents{3, 2});
  check(rows, own, {3, 4, 5, 6});
  const HfTensor transposed{.rows = 3, .columns = 2, .own_rows = 3, .transposed = true};
  CHECK(transposed.shape() == Extents{2, 3});
  CHECK(transposed.own_shape() == Extents{3, 2});
  check(transposed, own, {1, 3, 5, 2, 4, 6});
  const HfTensor one_axis{.rows = 2, .first_row = 4, .own_rows = 6};
  CHECK(one_axis.shape() == Extents{2});
  CHECK(one_axis.own_shape() == Extents{6});
  check(one_axis, own, {5, 6});
}

TEST_CASE("A tensor of theirs has its heads in turn, numbers less 1, or rows that are not used") {
  const Values own = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  // Two heads of two rows: queries 1 to 4, keys 5 to 8, values 9 to 12.
  check({.rows = 12, .own_rows = 12, .head_rows = 2}, own, {1, 2, 5, 6, 9, 10, 3, 4, 7, 8, 11, 12});
  check({.rows = 2, .own_rows = 2, .added = 1}, {1.5f, 3}, {0.5f, 2});
  const HfTensor behind{.rows = 2, .columns = 2, .own_rows = 2, .unused_rows = 1};
  CHECK(behind.shape() == Extents{3, 2});
  check(behind, {1, 2, 3, 4}, {0, 0, 1, 2, 3, 4});
}

TEST_CASE("Other floating-point types of theirs become float32") {
  const std::vector<std::uint16_t> halves = {0x3F80, 0xC000};  // 1, -2 in bfloat16
  Values own(2);
  copy_from_hf({.rows = 2, .own_rows = 2},
               {"x", StoredType::kBFloat16, {2}, std::as_bytes(std::span(halves))}, own);
  CHECK(own == Values{1, -2});
}

TEST_CASE("A head that is not tied is a tensor of its own, the last") {
  Decoder model = small_gpt2();
  const std::size_t tied = hf_tensors_of(model).size();
  model.tied = false;
  const std::vector<HfTensor> tensors = hf_tensors_of(model);
  REQUIRE(tensors.size() == tied + 1);
  CHECK(tensors.back().name == "lm_head.weight");
  CHECK(tensors.back().own == "layers.8.linear.weight");
  CHECK(tensors.back().shape() == Extents{97, 48});
}
