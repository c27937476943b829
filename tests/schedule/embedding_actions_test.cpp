#include "schedule/embedding_actions.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/evaluation_program.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/neighbours.h"
#include "schedule/search/vocabulary.h"

using namespace pipetrain;

namespace {

std::string row_of(const std::vector<Action>& actions) {
  std::string row;
  for (const Action& action : actions) {
    const bool looks_up = action.op == Op::kEmbeddingForward || action.op == Op::kEmbeddingBackward;
    if (is_compute(action.op) || looks_up) row += text_of(action) + " ";
  }
  return row;
}

// Runs all ranks' lists as far as they go: an EMBED_F needs that of the next place of the chain, F
// of the first stage its own rank's, EMBED_B what comes from the place before. True if all ran.
bool runs(const Schedule& program) {
  const std::vector<int> chain = embedding_chain(program.placement);
  std::map<std::string, bool> done;
  std::vector<std::size_t> next(program.ranks.size(), 0);
  const bool twice = program.has_two_barriers();
  const auto ready = [&](std::size_t rank, const Action& action) {
    const auto hop =
        static_cast<std::size_t>(std::ranges::find(chain, static_cast<int>(rank)) - chain.begin());
    const auto has = [&](Op op, int stage) {
      return done.contains(text_of({op, stage, action.microbatch}));
    };
    const auto all_have = [&](Op op) {
      return std::ranges::all_of(chain, [&](int p) { return has(op, p); });
    };
    const int last = program.stage_count() - 1;
    switch (action.op) {
      case Op::kEmbeddingForward:
        return hop + 1 == chain.size() || has(Op::kEmbeddingForward, chain[hop + 1]);
      case Op::kEmbeddingBackward:
        return hop == 0 ? has(Op::kBackwardInput, 0) : has(Op::kEmbeddingBackward, chain[hop - 1]);
      case Op::kForward:
        return action.stage == 0 ? has(Op::kEmbeddingForward, chain[0])
                                 : has(Op::kForward, action.stage - 1);
      case Op::kVocabularyForward: return has(Op::kForward, last);
      case Op::kVocabularyBackward:
        return twice ? all_have(Op::kVocabularyForward) : has(Op::kBackwardInput, last);
      case Op::kBackwardInput:
        if (action.stage < last) return has(Op::kBackwardInput, action.stage + 1);
        return all_have(twice ? Op::kVocabularyBackward : Op::kVocabularyForward);
      default: return true;
    }
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t rank = 0; rank < next.size(); ++rank) {
      const auto& actions = program.ranks[rank];
      for (; next[rank] < actions.size() && ready(rank, actions[next[rank]]); ++next[rank]) {
        done[text_of(actions[next[rank]])] = moved = true;
      }
    }
  }
  for (std::size_t rank = 0; rank < next.size(); ++rank) {
    if (next[rank] < program.ranks[rank].size()) return false;
  }
  return true;
}

int count(const std::vector<Action>& actions, Op op) {
  return static_cast<int>(std::ranges::count(actions, op, &Action::op));
}

}  // namespace

TEST_CASE("The chain begins with the first stage's place, and the others follow in their order") {
  CHECK(embedding_chain(Placement::loop(3, 1)) == std::vector<int>{0, 1, 2});
  CHECK(embedding_chain(Placement::of({{2}, {0, 3}, {1}})) == std::vector<int>{1, 0, 2});
}

TEST_CASE("Each place looks up before the first stage's F, and adds after its I") {
  Schedule schedule = generate("1f1b", 2, 1, 2);
  schedule.vocabulary = VocabularyPlace::kParallel;
  schedule.ranks = actions_of(R"(
    0F0 0F1 0S0 0B0 0T0 0S1 0B1 0T1
    1F0 1S0 1B0 1T0 1F1 1S1 1B1 1T1
  )");
  const Schedule made = add_embedding_actions(lower(schedule));
  CHECK(row_of(made.ranks[0]) ==
        "0EMBED_F0 0F0 0EMBED_F1 0F1 0S0 0I0 0W0 0EMBED_B0 0T0 0S1 0I1 0W1 0EMBED_B1 0T1 ");
  CHECK(row_of(made.ranks[1]) ==
        "1EMBED_F0 1EMBED_F1 1F0 1S0 1I0 1W0 1T0 1F1 1EMBED_B0 1S1 1I1 1W1 1T1 1EMBED_B1 ");
  CHECK(count(made.ranks[0], Op::kReceiveEmbeddingForward) == 2);
  CHECK(count(made.ranks[1], Op::kReceiveEmbeddingForward) == 0);
  CHECK(count(made.ranks[0], Op::kReceiveEmbeddingBackward) == 0);
  CHECK(count(made.ranks[1], Op::kReceiveEmbeddingBackward) == 2);
}

TEST_CASE("Look-ups leave all else in its order, and no rank waits for ever") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const std::string& name : vocabulary_schedules()) {
    for (const auto& [ranks, microbatches] : {std::pair{1, 2}, {2, 3}, {4, 8}, {4, 24}, {5, 11}}) {
      const int v = default_virtual_stages(name);
      if (why_not(name, ranks, v, microbatches)) continue;
      CAPTURE(name, ranks, microbatches);
      const Schedule lowered =
          lower(with_vocabulary(generate(name, ranks, v, microbatches), place));
      const Schedule made = add_embedding_actions(lowered);
      CHECK(runs(made));
      for (std::size_t rank = 0; rank < made.ranks.size(); ++rank) {
        std::vector<Action> rest = made.ranks[rank];
        CHECK(count(rest, Op::kEmbeddingForward) == microbatches);
        std::vector<int> added;
        for (const Action& action : rest) {
          if (action.op == Op::kEmbeddingBackward) added.push_back(action.microbatch);
        }
        CHECK(added.size() == static_cast<std::size_t>(microbatches));
        CHECK(std::ranges::is_sorted(added));
        int joined = 0;
        for (std::size_t i = 0; i < rest.size(); ++i) joined += is_joined(rest, i) ? 1 : 0;
        for (std::size_t i = 0; i < lowered.ranks[rank].size(); ++i) {
          joined -= is_joined(lowered.ranks[rank], i) ? 1 : 0;
        }
        CHECK(joined == 0);
        std::erase_if(rest, [](const Action& action) { return is_of_embedding(action.op); });
        CHECK(rest == lowered.ranks[rank]);
      }
    }
  }
}

TEST_CASE("An evaluation looks up and adds nothing") {
  const Schedule schedule = with_vocabulary(generate("1f1b", 3, 1, 4));
  const Program program = evaluation_program(schedule, 4, {.cuts_embedding = true});
  CHECK(runs(program.actions));
  for (const auto& actions : program.actions.ranks) {
    CHECK(count(actions, Op::kEmbeddingForward) == 4);
    CHECK(count(actions, Op::kEmbeddingBackward) == 0);
  }
}
