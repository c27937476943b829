#include "plan/piece_profile.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

TEST_CASE("A piece takes its share of the head's rows, and the head leaves the model") {
  const MadeUp made_up{.layers = 4, .batch_rows = 8};
  ModelProfile model = made_up.inputs().model;
  const std::size_t layers = model.layers.size();
  const LayerFacts head = model.layers.back();
  const PieceProfile piece = take_piece(model, 3, VocabularyPlace::kParallel);
  CHECK(model.layers.size() == layers - 1);
  for (const auto& [rows, measured] : model.measured) CHECK(measured.size() == layers - 1);
  CHECK(piece.elements >= head.parameters.front().elements / 3);
  CHECK(piece.elements <= head.parameters.front().elements / 3 + 1);
  CHECK(piece.input == head.input_row_bytes);
  CHECK(piece.logits == (head.output_row_bytes + 2) / 3);
  CHECK(piece.result == 2 * piece.input + piece.statistics);
}

// A table of 12 rows of 8, a head of as many that may be tied to it.
ModelProfile with_table(bool tied, bool positions) {
  ModelProfile model;
  LayerFacts first{.name = "layers.0.embedding",
                   .parameters = {{"table", 96, 8}},
                   .input_row_bytes = 20,
                   .output_row_bytes = 160};
  if (positions) first.parameters.push_back({"positions", 40, 0});
  model.layers = {first,
                  {.name = "layers.1.linear",
                   .parameters = {{tied ? "table" : "head", 96, 0}},
                   .input_row_bytes = 160,
                   .output_row_bytes = 240}};
  model.block_bytes = [](std::int64_t bytes) { return bytes; };
  model.measured[2] = {LayerMeasure{.forward = takes(320)}, {}};
  return model;
}

TEST_CASE("A tied table is cut once, and the look-up's gradient lies apart") {
  ModelProfile tied = with_table(true, true), apart = with_table(false, true);
  const PieceProfile one = take_piece(tied, 4, VocabularyPlace::kParallel),
                     two = take_piece(apart, 4, VocabularyPlace::kParallel);
  CHECK(one.table == 24);
  CHECK(one.elements == 0);
  CHECK(two.table == 24);
  CHECK(two.elements == 24);
  RankParameters of_tied, of_two;
  one.add_to(of_tied);
  two.add_to(of_two);
  CHECK(of_tied.elements() == 24);
  CHECK(of_tied.earlier_gradients == std::vector<std::int64_t>{24});
  CHECK(of_two.elements() == 48);
  CHECK(of_two.earlier_gradients.empty());
}

TEST_CASE("What is left of the embedding takes rows in their place") {
  for (const bool positions : {false, true}) {
    ModelProfile model = with_table(true, positions);
    const PieceProfile piece = take_piece(model, 4, VocabularyPlace::kParallel);
    CHECK(piece.rows == 160);
    REQUIRE(model.layers.size() == 1);
    CHECK(model.layers[0].parameters.size() == (positions ? 1 : 0));
    CHECK(model.layers[0].input_row_bytes == 160);
    const LayerMeasure& rest = model.measured.at(2).front();
    CHECK(rest.forward.after.empty());
    CHECK(rest.backward_input.after == (positions ? Blocks{{320, 1}} : Blocks{}));
    CHECK(rest.backward_weight.after == (positions ? Blocks{{320, -1}} : Blocks{}));
  }
}

TEST_CASE("On the chain of three ranks each sends or receives what is looked up, the middle both") {
  ModelProfile model = with_table(true, true);
  const PieceProfile piece = take_piece(model, 3, VocabularyPlace::kParallel);
  std::vector<std::int64_t> sent(3);
  Schedule schedule{.placement = Placement::loop(3, 1), .vocabulary = VocabularyPlace::kParallel};
  add_piece_bytes(piece, 2, schedule, sent);
  CHECK(sent[0] == 2 * (piece.result + 160));
  CHECK(sent[1] == 2 * (piece.result + 2 * 160));
  CHECK(sent[2] == 2 * (2 * piece.input + 160));

  ModelProfile other = with_table(true, true);
  other.target_row_bytes = 10;
  const PieceProfile later = take_piece(other, 3, VocabularyPlace::kVocab1);
  CHECK(later.result == later.input);
  CHECK(later.statistics == 40);
  schedule.vocabulary = VocabularyPlace::kVocab1;
  sent.assign(3, 0);
  add_piece_bytes(later, 2, schedule, sent);
  CHECK(sent[0] == 2 * (later.input + 2 * later.statistics + 160));
  CHECK(sent[2] == 2 * (2 * later.input + 2 * later.statistics + 160));
}
