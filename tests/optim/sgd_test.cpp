#include <cstddef>

#include "catch.h"
#include "optim/flat_problem.h"

using namespace pipetrain;

namespace {

// As torch.optim.SGD: the decay is part of the gradient.
void plain_sgd(FlatProblem& p, const OptimizerConfig& config, int) {
  for (std::size_t i = 0; i < p.expected.size(); ++i) {
    double gradient = kScale * p.gradients[i];
    if (i < kMatrix) gradient += config.weight_decay * p.expected[i];
    p.first[i] = config.momentum * p.first[i] + gradient;
    p.expected[i] -= kLearningRate * p.first[i];
  }
}

}  // namespace

TEST_CASE("SGD follows a plain loop in double precision") {
  for (const double weight_decay : {0.0, 0.1}) {
    const RunBeside run(config_of("sgd", weight_decay), plain_sgd);
    INFO("weight decay " << weight_decay);
    CHECK(run.problem.largest_deviation() < 3e-6);
    const auto moments = run.optimizer->moments(0);
    REQUIRE(moments.size() == 1);
    CHECK(moments[0].name == "momentum");
    CHECK(moments[0].values->f32()[1] == Approx(run.problem.first[1]).epsilon(1e-4));
  }
}

TEST_CASE("A constant gradient's steps grow with the momentum and not with the step's number") {
  MemoryPool pool;
  Ops ops(pool);
  float value = 10, gradient = 4;
  OptimizerConfig config = config_of("sgd", 0);
  config.momentum = 0.5;
  const auto optimizer = make_optimizer(config, {{&value, &gradient, {{0, 1, true}}}}, ops);
  const float expected[] = {9, 7.5, 5.75};  // steps of 1, 1.5 and 1.75
  for (int step = 0; step < 3; ++step) {
    optimizer->update(100 + step, 0.5, 0.5);
    CHECK(value == expected[step]);
  }
}

TEST_CASE("Without momentum SGD is the gradient alone") {
  MemoryPool pool;
  Ops ops(pool);
  float value = 1, gradient = 1;
  OptimizerConfig config = config_of("sgd", 0);
  config.momentum = 0;
  const auto optimizer = make_optimizer(config, {{&value, &gradient, {{0, 1, true}}}}, ops);
  optimizer->update(1, 0.25, 1);
  gradient = -2;
  optimizer->update(2, 0.25, 1);
  CHECK(value == 1.25f);
}
