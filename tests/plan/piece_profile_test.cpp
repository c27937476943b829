#include "plan/piece_profile.h"

#include <cstddef>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

TEST_CASE("A piece takes its share of the head's rows, and the head leaves the model") {
  const MadeUp made_up{.layers = 4, .batch_rows = 8};
  ModelProfile model = made_up.inputs().model;
  const std::size_t layers = model.layers.size();
  const LayerFacts head = model.layers.back();
  const PieceProfile piece = take_piece(model, 3);
  CHECK(model.layers.size() == layers - 1);
  for (const auto& [rows, measured] : model.measured) CHECK(measured.size() == layers - 1);
  CHECK(piece.elements >= head.parameters.front().elements / 3);
  CHECK(piece.elements <= head.parameters.front().elements / 3 + 1);
  CHECK(piece.input == head.input_row_bytes);
  CHECK(piece.logits == (head.output_row_bytes + 2) / 3);
  CHECK(piece.result == 2 * piece.input + piece.statistics);
}
