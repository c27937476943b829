#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

constexpr std::size_t kMatrix = 9000,
                      kBias = 131;  // entries; more than one thread's share, and odd
constexpr int kSteps = 20;
constexpr double kLearningRate = 0.01, kScale = 0.7;

// A buffer of a matrix, which decays, and a bias, which does not; with the same in double.
struct Problem {
  std::vector<float> values, gradients;
  std::vector<double> expected, first, second;

  Problem() : gradients(kMatrix + kBias) {
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      values.push_back(std::sin(static_cast<float>(i)));
    }
    expected.assign(values.begin(), values.end());
    first.assign(values.size(), 0);
    second = first;
  }
  std::vector<FlatParameters> buffers() {
    const auto matrix = static_cast<std::int64_t>(kMatrix), bias = static_cast<std::int64_t>(kBias);
    return {{values.data(), gradients.data(), {{0, matrix, true}, {matrix, bias, false}}}};
  }
  void next_gradients(int step) {
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      gradients[i] = std::cos(static_cast<float>(i) * 0.37f + static_cast<float>(step)) *
                     (i % 5 == 0 ? 1e-4f : 1.0f);
    }
  }
  double largest_deviation() const {
    double largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(values[i] - expected[i]));
    }
    return largest;
  }
};

OptimizerConfig config_of(const std::string& type, double weight_decay) {
  OptimizerConfig config;
  config.type = type;
  config.betas = {0.9, 0.99};
  config.momentum = 0.8;
  config.weight_decay = weight_decay;
  return config;
}

// Loshchilov and Hutter, arXiv:1711.05101, algorithm 2; the decay is not part of the moments.
void adamw(Problem& p, const OptimizerConfig& config, int step) {
  for (std::size_t i = 0; i < p.expected.size(); ++i) {
    const double gradient = kScale * p.gradients[i];
    p.first[i] = config.betas[0] * p.first[i] + (1 - config.betas[0]) * gradient;
    p.second[i] = config.betas[1] * p.second[i] + (1 - config.betas[1]) * gradient * gradient;
    const double mean = p.first[i] / (1 - std::pow(config.betas[0], step));
    const double square = p.second[i] / (1 - std::pow(config.betas[1], step));
    if (i < kMatrix) p.expected[i] *= 1 - kLearningRate * config.weight_decay;
    p.expected[i] -= kLearningRate * mean / (std::sqrt(square) + 1e-8);
  }
}

// As torch.optim.SGD: the decay is part of the gradient.
void sgd(Problem& p, const OptimizerConfig& config) {
  for (std::size_t i = 0; i < p.expected.size(); ++i) {
    double gradient = kScale * p.gradients[i];
    if (i < kMatrix) gradient += config.weight_decay * p.expected[i];
    p.first[i] = config.momentum * p.first[i] + gradient;
    p.expected[i] -= kLearningRate * p.first[i];
  }
}

}  // namespace

TEST_CASE("AdamW and SGD follow a plain loop in double precision") {
  for (const char* type : {"adamw", "sgd"}) {
    for (const double weight_decay : {0.0, 0.1}) {
      const OptimizerConfig config = config_of(type, weight_decay);
      MemoryPool pool;
      Ops ops(pool);
      Problem problem;
      const auto optimizer = make_optimizer(config, problem.buffers(), ops);
      for (int step = 1; step <= kSteps; ++step) {
        problem.next_gradients(step);
        optimizer->update(step, kLearningRate, kScale);
        config.type == "adamw" ? adamw(problem, config, step) : sgd(problem, config);
      }
      INFO(type << ", weight decay " << weight_decay);
      CHECK(problem.largest_deviation() < 3e-6);
      const auto moments = optimizer->moments(0);
      REQUIRE(moments.size() == (config.type == "adamw" ? 2 : 1));
      CHECK(moments[0].values->f32()[1] == Approx(problem.first[1]).epsilon(1e-4));
    }
  }
}

TEST_CASE("With no gradient only matrices decay") {
  for (const char* type : {"adamw", "sgd"}) {
    MemoryPool pool;
    Ops ops(pool);
    Problem problem;
    const std::vector<float> before = problem.values;
    make_optimizer(config_of(type, 0.1), problem.buffers(), ops)->update(1, kLearningRate, 1);
    for (const std::size_t i : {std::size_t{1}, kMatrix - 1}) {
      CHECK(problem.values[i] == Approx(before[i] * (1 - kLearningRate * 0.1)));
    }
    for (std::size_t i = kMatrix; i < before.size(); ++i) CHECK(problem.values[i] == before[i]);
  }
}

TEST_CASE("An update gives the same bits whatever else is in the buffer") {
  for (const char* type : {"adamw", "sgd"}) {
    MemoryPool pool;
    Ops ops(pool);
    Problem whole, part;
    // The bias alone, at another place in memory: where a stage's buffer begins must not matter.
    const auto bias = static_cast<std::int64_t>(kBias);
    std::vector<FlatParameters> alone{
        {part.values.data() + kMatrix, part.gradients.data() + kMatrix, {{0, bias, false}}}};
    const auto a = make_optimizer(config_of(type, 0.1), whole.buffers(), ops);
    const auto b = make_optimizer(config_of(type, 0.1), alone, ops);
    for (int step = 1; step <= 3; ++step) {
      whole.next_gradients(step);
      part.next_gradients(step);
      a->update(step, kLearningRate, kScale);
      b->update(step, kLearningRate, kScale);
    }
    CHECK(std::equal(whole.values.end() - bias, whole.values.end(), part.values.end() - bias));
  }
}

TEST_CASE("A shard is updated as it is in the whole, with moments of its own size") {
  for (const char* type : {"adamw", "sgd"}) {
    MemoryPool pool;
    Ops ops(pool);
    Problem whole, shard;
    // From the matrix's second chunk on, and the bias.
    constexpr std::int64_t kFirst = 4096;
    std::vector<FlatParameters> buffers = shard.buffers();
    buffers[0].parts[0].offset += kFirst;
    buffers[0].parts[0].elements -= kFirst;
    const auto a = make_optimizer(config_of(type, 0.1), whole.buffers(), ops);
    const auto b = make_optimizer(config_of(type, 0.1), buffers, ops);
    const std::vector<float> before = shard.values;
    for (int step = 1; step <= 3; ++step) {
      whole.next_gradients(step);
      shard.next_gradients(step);
      a->update(step, kLearningRate, kScale);
      b->update(step, kLearningRate, kScale);
    }
    CHECK(std::equal(shard.values.begin(), shard.values.begin() + kFirst, before.begin()));
    CHECK(std::equal(shard.values.begin() + kFirst, shard.values.end(),
                     whole.values.begin() + kFirst));
    const Tensor& moments = *b->moments(0)[0].values;
    REQUIRE(moments.elements() == static_cast<std::int64_t>(kMatrix + kBias) - kFirst);
    CHECK(std::equal(moments.f32(), moments.f32() + moments.elements(),
                     a->moments(0)[0].values->f32() + kFirst));
  }
}

TEST_CASE("An unknown optimizer is refused") {
  MemoryPool pool;
  Ops ops(pool);
  try {
    make_optimizer(config_of("adam", 0), {}, ops);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "'adam'", "expected ", "adamw", "sgd"));
  }
}
