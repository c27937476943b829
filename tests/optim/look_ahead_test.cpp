#include "optim/look_ahead.h"

#include <cmath>
#include <cstddef>

#include "catch.h"
#include "optim/flat_problem.h"

using namespace pipetrain;

namespace {

template <class Plain>
double deviation_from(const Plain& plain, OptimizerConfig config) {
  config.looks_ahead = true;
  return RunBeside(config, plain).problem.largest_deviation();
}

// Dozat 2016, algorithm 2, with AdamW's decay.
void plain_nadamw(FlatProblem& p, const OptimizerConfig& config, int step) {
  const auto [beta1, beta2] = config.betas;
  for (std::size_t i = 0; i < p.expected.size(); ++i) {
    const double gradient = kScale * p.gradients[i];
    p.first[i] = beta1 * p.first[i] + (1 - beta1) * gradient;
    p.second[i] = beta2 * p.second[i] + (1 - beta2) * gradient * gradient;
    const double mean = beta1 * p.first[i] / (1 - std::pow(beta1, step + 1)) +
                        (1 - beta1) * gradient / (1 - std::pow(beta1, step));
    const double square = p.second[i] / (1 - std::pow(beta2, step));
    if (i < kMatrix) p.expected[i] *= 1 - kLearningRate * config.weight_decay;
    p.expected[i] -= kLearningRate * mean / (std::sqrt(square) + 1e-8);
  }
}

// As torch.optim.SGD(nesterov=True).
void plain_nesterov(FlatProblem& p, const OptimizerConfig& config, int) {
  for (std::size_t i = 0; i < p.expected.size(); ++i) {
    double gradient = kScale * p.gradients[i];
    if (i < kMatrix) gradient += config.weight_decay * p.expected[i];
    p.first[i] = config.momentum * p.first[i] + gradient;
    p.expected[i] -= kLearningRate * (gradient + config.momentum * p.first[i]);
  }
}

}  // namespace

TEST_CASE("Optimizers that look ahead follow plain loops in double precision") {
  for (const double weight_decay : {0.0, 0.1}) {
    INFO("weight decay " << weight_decay);
    CHECK(deviation_from(plain_nadamw, config_of("adamw", weight_decay)) < 3e-6);
    CHECK(deviation_from(plain_nesterov, config_of("sgd", weight_decay)) < 3e-6);
  }
}
