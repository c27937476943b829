#include "nn/layers/shared_product.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "ops/bfloat16.h"

using namespace pipetrain;

namespace shared_product_test {

namespace {

// A group whose other rank has these numbers.
class OtherRank : public Collective {
 public:
  explicit OtherRank(std::vector<float> numbers) : numbers_(std::move(numbers)) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void all_reduce(std::span<float> values) override {
    REQUIRE(values.size() == numbers_.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += numbers_[i];
  }
  void all_reduce(std::span<double>) override { unexpected(); }
  void broadcast(std::span<std::byte>, int) override { unexpected(); }
  void barrier() override { unexpected(); }
  std::vector<std::string> all_gather_text(const std::string&) override { unexpected(); }
  std::unique_ptr<Pending> start_reduce_scatter(std::span<float>, const Cuts&, Tensor) override {
    unexpected();
  }
  std::unique_ptr<Pending> start_all_gather(std::span<float>, const Cuts&) override {
    unexpected();
  }
  void wait_for(const std::function<bool()>&, const std::string&) override { unexpected(); }

 private:
  [[noreturn]] static void unexpected() { throw std::logic_error("only sums are asked for"); }
  std::vector<float> numbers_;
};

// dx of one row, from dy (2) and the identity as W.
std::vector<float> input_gradient(const std::vector<float>& dy, DType kind,
                                  const TensorPlace& place, Collective* group) {
  MemoryPool pool;
  Ops ops(pool);
  ops.weights_changed();
  Tensor given(pool, {1, 2});
  std::copy(dy.begin(), dy.end(), given.f32());
  const std::vector<float> weight{1, 0, 0, 1};
  const Context context{.ops = ops, .tensor_group = group};
  Tensor dx = shared_input_gradient(context, place, {1, 2}, converted(ops, std::move(given), kind),
                                    weight.data());
  CHECK(dx.dtype() == kind);
  dx = converted(ops, std::move(dx), DType::kFloat32);
  return {dx.floats().begin(), dx.floats().end()};
}

}  // namespace

TEST_CASE("A gradient is the rank's own, or the sum over those that share the layer") {
  OtherRank other({100, 200});
  CHECK(input_gradient({1, 2}, DType::kFloat32, {}, &other) == std::vector<float>{1, 2});
  CHECK(input_gradient({1, 2}, DType::kFloat32, {0, 2}, &other) == std::vector<float>{101, 202});
  // A slice that is timed alone has no group.
  CHECK(input_gradient({1, 2}, DType::kFloat32, {0, 2}, nullptr) == std::vector<float>{1, 2});
}

// Near 1 a bfloat16 goes in steps of 2^-7. Here each part alone would be rounded down.
TEST_CASE("Parts are added in float32, and their sum is rounded") {
  const float part = std::ldexp(1.0f, -9) + std::ldexp(1.0f, -10);
  OtherRank other({1 + part, 0});
  CHECK(input_gradient({part, 0}, DType::kBFloat16, {0, 2}, &other)[0] == 1 + std::ldexp(1.0f, -7));
}

}  // namespace shared_product_test
