#include "schedule/generate/rounds.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;
using namespace pipetrain::generators;

TEST_CASE("A rank takes a round on each of its stages, backwards with the laps reversed") {
  const Rounds rounds = rounds_of({.ranks = 2, .virtual_stages = 2, .microbatches = 4});
  CHECK(rounds.per_round == 2);
  std::string forwards, backwards;
  for (int k = 0; k < 8; ++k) {
    forwards += text_of(rounds.forward(1, k)) + " ";
    backwards += text_of(rounds.backward(Op::kBackward, 1, k)) + " ";
  }
  CHECK(forwards == "1F0 1F1 3F0 3F1 1F2 1F3 3F2 3F3 ");
  CHECK(backwards == "3B0 3B1 1B0 1B1 3B2 3B3 1B2 1B3 ");
}

TEST_CASE(
    "Microbatches make rounds of one size, of about as many as there are ranks, or say why not") {
  CHECK(rounds_of({.ranks = 4, .virtual_stages = 2, .microbatches = 10}).per_round == 5);
  CHECK(rounds_of({.ranks = 4, .virtual_stages = 2, .microbatches = 3}).per_round == 3);
  CHECK(!unequal_rounds({.ranks = 4, .virtual_stages = 2, .microbatches = 10}));
  CHECK(unequal_rounds({.ranks = 4, .virtual_stages = 2, .microbatches = 13}) ==
        "it needs 3 rounds of equal size; take M=12 or M=15");
}

TEST_CASE("Weight gradients wait for as many microbatches as their rank is deep") {
  const RankActions made = zero_bubble({.ranks = 3, .virtual_stages = 1, .per_round = 4}, 4);
  std::string last;
  for (const Action& action : made.back()) last += text_of(action) + " ";
  CHECK(last == "2F0 2I0 2F1 2I1 2F2 2I2 2W0 2F3 2I3 2W1 2W2 2W3 ");
}
