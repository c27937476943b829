#include "pipeline/loss.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "nn/layers/linear.h"
#include "ops/bfloat16.h"

using namespace pipetrain;

namespace loss_test {

namespace {

constexpr std::int64_t kRows = 4, kClasses = 5;
constexpr float kGradientScale = 0.25f;

float logit(std::int64_t row, std::int64_t c) {
  return static_cast<float>((row * 7 + c * 3) % 8) * 0.5f - 1;
}

const std::vector<std::int32_t> kTargets{4, 0, -1, 1};  // one of them does not count

struct Result {
  double loss = 0;
  std::int64_t correct = 0;
  std::vector<double> gradient;  // (rows, classes)
};

// By the definition: the sum of -log softmax[target]; softmax minus one at the target.
Result plain_loss() {
  Result result;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t target = kTargets[static_cast<std::size_t>(row)];
    if (target < 0) {
      result.gradient.insert(result.gradient.end(), kClasses, 0.0);
      continue;
    }
    double sum = 0;
    std::int64_t largest = 0;
    for (std::int64_t c = 0; c < kClasses; ++c) {
      sum += std::exp(static_cast<double>(logit(row, c)));
      if (logit(row, c) > logit(row, largest)) largest = c;
    }
    result.loss += std::log(sum) - static_cast<double>(logit(row, target));
    if (largest == target) ++result.correct;
    for (std::int64_t c = 0; c < kClasses; ++c) {
      const double share = std::exp(static_cast<double>(logit(row, c))) / sum;
      result.gradient.push_back((share - (c == target ? 1 : 0)) * double{kGradientScale});
    }
  }
  return result;
}

// loss_of() for a head in `kind` on one of the ranks that share it; of the gradient its own part.
Result found_loss(DType kind, const TensorPlace& place, Collective* group,
                  float scale = kGradientScale) {
  MemoryPool pool;
  Ops ops(pool);
  Linear head("head", {4}, {.features = kClasses, .place = place});
  head.set_precision({.activations = kind, .last = true});
  const std::int64_t here = head.output_row().back();
  Tensor logits(pool, {kRows, here}), targets(pool, {kRows}, DType::kInt32);
  for (std::int64_t i = 0; i < logits.elements(); ++i) {
    logits.f32()[i] = logit(i / here, head.first_output() + i % here);
  }
  std::copy(kTargets.begin(), kTargets.end(), targets.i32());
  const Context context{.ops = ops, .tensor_group = group};
  Result result;
  result.loss = loss_of(context, head, logits, targets, scale, &result.correct);
  if (scale == 0) return result;
  CHECK(logits.dtype() == kind);
  logits = converted(ops, std::move(logits), DType::kFloat32);
  result.gradient.assign(logits.floats().begin(), logits.floats().end());
  return result;
}

void check_gradient(const std::vector<double>& found, const std::vector<double>& expected,
                    double near) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(i);
    CHECK(found[i] == Approx(expected[i]).epsilon(near).margin(1e-7));
  }
}

}  // namespace

TEST_CASE("The loss is the cross entropy, and its gradient stands in place of the logits") {
  const Result expected = plain_loss();
  REQUIRE(expected.correct > 0);
  REQUIRE(expected.correct < kRows);
  for (const DType kind : {DType::kFloat32, DType::kBFloat16}) {
    const Result found = found_loss(kind, {}, nullptr);
    CHECK(found.loss == Approx(expected.loss));
    CHECK(found.correct == expected.correct);
    check_gradient(found.gradient, expected.gradient, kind == DType::kFloat32 ? 1e-5 : 1.0 / 256);
  }
}

TEST_CASE("Without a gradient the loss is the same") {
  for (const DType kind : {DType::kFloat32, DType::kBFloat16}) {
    const Result found = found_loss(kind, {}, nullptr, 0);
    CHECK(found.loss == Approx(plain_loss().loss));
    CHECK(found.correct == plain_loss().correct);
  }
}

TEST_CASE("Ranks that share the classes find the loss of all, and the gradient of their own") {
  const Result expected = plain_loss();
  InProcess ranks(2, {.timeout_seconds = 30, .oversubscribed = true});
  std::vector<Result> found(2);
  ranks.run([&](int rank) {
    const auto group = ranks.collective(rank);
    found[static_cast<std::size_t>(rank)] = found_loss(DType::kFloat32, {rank, 2}, group.get());
  });
  CHECK(found[0].loss == found[1].loss);
  CHECK(found[0].loss == Approx(expected.loss));
  CHECK(found[0].correct == expected.correct);
  CHECK(found[1].correct == expected.correct);
  std::vector<double> whole;
  for (std::size_t row = 0; row < kRows; ++row) {  // classes 0 to 2, and 3 and 4
    whole.insert(whole.end(), found[0].gradient.begin() + static_cast<std::ptrdiff_t>(row * 3),
                 found[0].gradient.begin() + static_cast<std::ptrdiff_t>(row * 3 + 3));
    whole.insert(whole.end(), found[1].gradient.begin() + static_cast<std::ptrdiff_t>(row * 2),
                 found[1].gradient.begin() + static_cast<std::ptrdiff_t>(row * 2 + 2));
  }
  check_gradient(whole, expected.gradient, 1e-5);
}

}  // namespace loss_test
