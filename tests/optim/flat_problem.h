// A flat buffer of a matrix, which decays, and a bias, which does not; with the same in double, for
// plain loops to compare with: an optimizer runs beside such a loop.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "optim/optimizer.h"

namespace pipetrain {

// Entries; more than one thread's share, and odd.
inline constexpr std::size_t kMatrix = 9000, kBias = 131;
inline constexpr double kLearningRate = 0.01, kScale = 0.7;

struct FlatProblem {
  std::vector<float> values, gradients;
  std::vector<double> expected, first, second;

  FlatProblem() : gradients(kMatrix + kBias) {
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

// An optimizer and `plain(problem, config, step)`, a loop in double precision, after steps with the
// same gradients.
struct RunBeside {
  template <class Plain>
  RunBeside(const OptimizerConfig& config, const Plain& plain)
      : optimizer(make_optimizer(config, problem.buffers(), ops)) {
    for (int step = 1; step <= kSteps; ++step) {
      problem.next_gradients(step);
      optimizer->update(step, kLearningRate, kScale);
      plain(problem, config, step);
    }
  }

  static constexpr int kSteps = 20;
  MemoryPool pool;
  Ops ops{pool};
  FlatProblem problem;
  std::unique_ptr<Optimizer> optimizer;
};

inline OptimizerConfig config_of(const std::string& type, double weight_decay) {
  OptimizerConfig config;
  config.type = type;
  config.betas = {0.9, 0.99};
  config.momentum = 0.8;
  config.weight_decay = weight_decay;
  return config;
}

}  // namespace pipetrain
