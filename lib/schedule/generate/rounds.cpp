#include "schedule/generate/rounds.h"

#include <algorithm>
#include <vector>

namespace pipetrain::generators {
namespace {

int round_count(int ranks, int microbatches) { return std::max(1, microbatches / ranks); }

bool are_equal(int ranks, int microbatches) {
  return microbatches % round_count(ranks, microbatches) == 0;
}

}  // namespace

Rounds rounds_of(const ScheduleSizes& sizes) {
  return {sizes.ranks, sizes.virtual_stages,
          sizes.microbatches / round_count(sizes.ranks, sizes.microbatches)};
}

std::optional<std::string> unequal_rounds(const ScheduleSizes& sizes) {
  const int ranks = sizes.ranks, microbatches = sizes.microbatches;
  if (are_equal(ranks, microbatches)) return std::nullopt;
  int below = microbatches, above = microbatches;
  while (!are_equal(ranks, below)) --below;
  while (!are_equal(ranks, above)) ++above;
  return "it needs " + std::to_string(round_count(ranks, microbatches)) +
         " rounds of equal size; take M=" + std::to_string(below) +
         " or M=" + std::to_string(above);
}

RankActions one_forward_one_backward_in(const Rounds& rounds, int microbatches, int more_warmup) {
  RankActions all;
  const int total = microbatches * rounds.virtual_stages;
  for (int rank = 0; rank < rounds.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int hops = rounds.ranks - 1 - rank;
    const int warmup =
        std::min((rounds.virtual_stages - 1) * rounds.per_round + 2 * hops + more_warmup, total);
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) actions.push_back(rounds.forward(rank, k));
      if (k >= warmup) actions.push_back(rounds.backward(Op::kBackward, rank, k - warmup));
    }
  }
  return all;
}

RankActions zero_bubble(const Rounds& rounds, int microbatches) {
  RankActions all;
  const int total = microbatches * rounds.virtual_stages * rounds.slices;
  const int ahead = (rounds.virtual_stages - 1) * rounds.per_round + rounds.slices - 1;
  for (int rank = 0; rank < rounds.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int hops = rounds.ranks - 1 - rank;
    const int warmup = std::min(ahead + hops, total);
    int weights = 0;
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) actions.push_back(rounds.forward(rank, k));
      if (k < warmup) continue;
      actions.push_back(rounds.backward(Op::kBackwardInput, rank, k - warmup));
      if (k - warmup >= rank) {
        actions.push_back(rounds.backward(Op::kBackwardWeight, rank, weights++));
      }
    }
    while (weights < total) {
      actions.push_back(rounds.backward(Op::kBackwardWeight, rank, weights++));
    }
  }
  return all;
}

}  // namespace pipetrain::generators
