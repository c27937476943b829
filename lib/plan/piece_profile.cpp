#include "plan/piece_profile.h"

#include <cstddef>

namespace pipetrain {

PieceProfile take_piece(ModelProfile& model, int pieces) {
  const LayerFacts head = model.layers.back();
  const auto share = [&](std::int64_t whole) { return (whole + pieces - 1) / pieces; };
  PieceProfile piece;
  for (const LayerFacts::Parameter& parameter : head.parameters) {
    piece.elements += share(parameter.elements);
  }
  constexpr std::int64_t kLines = 4;  // of statistics, a number for each target
  piece.input = head.input_row_bytes;
  piece.logits = share(head.output_row_bytes);
  piece.statistics = kLines * model.target_row_bytes;
  piece.result = 2 * piece.input + piece.statistics;
  model.layers.pop_back();
  for (auto& [rows, layers] : model.measured) layers.pop_back();
  return piece;
}

namespace {

// Without what was measured.
ModelProfile facts_of(const ModelProfile& model) {
  return {.tensor = model.tensor,
          .layers = model.layers,
          .input_row_bytes = model.input_row_bytes,
          .target_row_bytes = model.target_row_bytes,
          .halves_messages = model.halves_messages,
          .measured = {},
          .block_bytes = model.block_bytes};
}

}  // namespace

PieceProfile piece_of(const ModelProfile& model, int pieces) {
  ModelProfile facts = facts_of(model);
  return take_piece(facts, pieces);
}

std::vector<PieceCost> piece_costs(const StageCost& head, int pieces) {
  const PieceCost each{(head.forward + head.backward_input) / pieces,
                       head.backward_weight / pieces};
  return std::vector<PieceCost>(static_cast<std::size_t>(pieces), each);
}

void scale(std::vector<PieceCost>& pieces, double factor) {
  for (PieceCost& piece : pieces) {
    piece.forward *= factor;
    piece.backward *= factor;
  }
}

std::vector<RankParameters> parameters_with_pieces(const ModelProfile& model,
                                                   const Schedule& schedule,
                                                   const std::vector<int>& first_layers,
                                                   bool sharded) {
  if (!schedule.vocabulary) return rank_parameters(model, schedule, first_layers, sharded);
  ModelProfile facts = facts_of(model);
  const PieceProfile piece = take_piece(facts, schedule.rank_count());
  auto parameters = rank_parameters(facts, schedule, first_layers, sharded);
  for (RankParameters& rank : parameters) rank.stage_elements.push_back(piece.elements);
  return parameters;
}

void add_piece_bytes(const PieceProfile& piece, std::int64_t rows, int last_rank,
                     std::vector<std::int64_t>& sent) {
  const auto last = static_cast<std::size_t>(last_rank);
  for (std::size_t rank = 0; rank < sent.size(); ++rank) {
    if (rank == last) continue;
    sent[rank] += rows * piece.result;
    sent[last] += rows * piece.input;
  }
}

}  // namespace pipetrain
