#include "trained.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace pipetrain {
namespace {

std::mutex one_rank_at_a_time;

}  // namespace

void Trained::train(RankThread& rank, std::int64_t first, std::int64_t end, const After& after) {
  rank.train(first, end, [&](std::int64_t step, const StepResult& result) {
    if (rank.rank() == 0) {
      losses.push_back(result.loss);
      norms.push_back(result.gradient_norm);
    }
    if (after) after(step, result);
  });
}

void Trained::evaluate(RankThread& rank) {
  const double loss = rank.evaluate();
  if (rank.rank() == 0) validation = loss;
}

void Trained::take_weights(RankThread& rank) {
  const Weights mine = rank.owned_values();
  const std::lock_guard lock(one_rank_at_a_time);
  for (const auto& [name, values] : mine) {
    std::vector<float>& whole = weights[name];
    whole.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] != 0) whole[i] = values[i];  // zero, too, where another replica has the piece
    }
  }
}

Trained train_ranks(const Config& config, const Source& source, int ranks, std::int64_t steps) {
  Trained made;
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    made.train(rank, 0, steps);
    made.evaluate(rank);
    made.take_weights(rank);
  });
  return made;
}

double relative_difference(const std::vector<double>& found, const std::vector<double>& expected) {
  if (found.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(found[i] / expected[i] - 1));
  }
  return largest;
}

}  // namespace pipetrain
