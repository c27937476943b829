#include <cmath>
#include <cstddef>
#include <string>

#include "catch.h"
#include "optim/flat_problem.h"

using namespace pipetrain;

namespace {

// Loshchilov and Hutter, arXiv:1711.05101, algorithm 2; the decay is not part of the moments.
void plain_adamw(FlatProblem& p, const OptimizerConfig& config, int step) {
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

}  // namespace

TEST_CASE("AdamW follows a plain loop in double precision") {
  for (const double weight_decay : {0.0, 0.1}) {
    const RunBeside run(config_of("adamw", weight_decay), plain_adamw);
    INFO("weight decay " << weight_decay);
    CHECK(run.problem.largest_deviation() < 3e-6);
    const auto moments = run.optimizer->moments(0);
    REQUIRE(moments.size() == 2);
    CHECK(moments[0].name == "first_moment");
    CHECK(moments[0].values->f32()[1] == Approx(run.problem.first[1]).epsilon(1e-4));
    CHECK(moments[1].name == "second_moment");
    CHECK(moments[1].values->f32()[1] == Approx(run.problem.second[1]).epsilon(1e-4));
  }
}

// Both moments are divided by what they lack at the start, so that the gradient's size falls out.
TEST_CASE("AdamW's first step is the learning rate, against the gradient's sign") {
  MemoryPool pool;
  Ops ops(pool);
  float values[] = {1, 1, 1}, gradients[] = {100, -0.001f, 0};
  const auto optimizer =
      make_optimizer(config_of("adamw", 0), {{values, gradients, {{0, 3, true}}}}, ops);
  optimizer->update(1, 0.25, 1);
  CHECK(values[0] == Approx(0.75));
  CHECK(values[1] == Approx(1.25));
  CHECK(values[2] == 1);
}

TEST_CASE("AdamW that resumes at a later step corrects its moments less") {
  MemoryPool pool;
  Ops ops(pool);
  float value = 0, gradient = 1;
  const auto optimizer =
      make_optimizer(config_of("adamw", 0), {{&value, &gradient, {{0, 1, true}}}}, ops);
  optimizer->update(1000, 1, 1);  // corrections of nearly 1: 0.1 / sqrt(0.01)
  CHECK(value == Approx(-1).epsilon(1e-4));
  optimizer->update(1001, 1, 1);  // 0.19 / sqrt(0.0199)
  CHECK(value == Approx(-1 - 0.19 / std::sqrt(0.0199)).epsilon(1e-4));
}
