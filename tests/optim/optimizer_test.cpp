#include "optim/optimizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "optim/flat_problem.h"

using namespace pipetrain;

TEST_CASE("With no gradient only matrices decay") {
  for (const char* type : {"adamw", "sgd"}) {
    MemoryPool pool;
    Ops ops(pool);
    FlatProblem problem;
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
    FlatProblem whole, part;
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
    FlatProblem whole, shard;
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
