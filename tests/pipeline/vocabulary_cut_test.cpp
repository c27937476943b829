#include "pipeline/vocabulary_cut.h"

#include <string>
#include <vector>

#include "catch.h"
#include "small_model.h"

using namespace pipetrain;

namespace vocabulary_cut_test {

TEST_CASE("Each piece of the head takes its share of the head's F, I and W") {
  std::vector<StageCost> costs{{1, 2, 3}, {4, 6, 8}}, same = costs;
  const PieceCost piece = take_piece_cost(costs, 4, VocabularyPlace::kParallel);
  CHECK(piece.forward == 2.5);
  CHECK(piece.backward == 2);
  REQUIRE(costs.size() == 1);
  CHECK(costs[0].forward == 1);
  const PieceCost later = take_piece_cost(same, 4, VocabularyPlace::kVocab1);
  CHECK(later.forward == 1);
  CHECK(later.backward == 3.5);
  CHECK(same.size() == 1);
}

TEST_CASE("A last layer without rows to share out is refused, and one with fewer than ranks") {
  const SmallModel model;
  CHECK_FALSE(why_no_pieces(*model.layers.back(), 3));
  const std::string few = why_no_pieces(*model.layers.back(), kVocabulary + 1).value_or("");
  CHECK(few.find("has 11 rows for 12 ranks") != std::string::npos);
  const std::string asked =
      why_no_pieces(*model.layers.back(), kVocabulary + 1, VocabularyPlace::kVocab1).value_or("");
  CHECK(asked.starts_with("pipeline.vocabulary: vocab-1, but"));
  const std::string other = why_no_pieces(*model.layers[1], 2).value_or("");
  CHECK(other.find("has no rows that ranks can share out") != std::string::npos);
}

}  // namespace vocabulary_cut_test
