#include "plan/piece_profile.h"

#include <cstddef>
#include <utility>

#include "base/index.h"
#include "schedule/embedding_actions.h"

namespace pipetrain {

namespace {

// It is looked up, and every piece has some of its rows.
bool has_table(const LayerFacts& first, int pieces) {
  if (first.parameters.empty() || first.parameters[0].row_elements == 0) return false;
  return first.parameters[0].elements / first.parameters[0].row_elements >= pieces;
}

}  // namespace

void PieceProfile::add_to(RankParameters& rank) const {
  if (!cut()) return;
  if (cuts_embedding()) rank.stage_elements.push_back(table);
  rank.stage_elements.push_back(elements);
  if (tied) rank.earlier_gradients.push_back(table);
}

PieceProfile take_piece(ModelProfile& model, int pieces, VocabularyPlace place) {
  const LayerFacts head = model.layers.back();
  const auto share = [&](std::int64_t whole) { return (whole + pieces - 1) / pieces; };
  constexpr std::int64_t kLines = 4;  // of statistics, a number for each target
  PieceProfile piece;
  piece.input = head.input_row_bytes;
  piece.logits = share(head.output_row_bytes);
  piece.statistics = kLines * model.target_row_bytes;
  const bool later = place == VocabularyPlace::kVocab1;
  piece.result = later ? piece.input : 2 * piece.input + piece.statistics;
  LayerFacts& first = model.layers.front();
  if (has_table(first, pieces)) {
    piece.table = share(first.parameters[0].elements);
    piece.rows = first.output_row_bytes;
  }
  for (const LayerFacts::Parameter& parameter : head.parameters) {
    const bool same = piece.cuts_embedding() && parameter.name == first.parameters[0].name;
    piece.tied = piece.tied || same;
    if (!same) piece.elements += share(parameter.elements);
  }
  model.layers.pop_back();
  for (auto& [rows, layers] : model.measured) {
    layers.pop_back();
    layers = layers_of_pieces(model, piece, std::move(layers), rows);
  }
  if (piece.cuts_embedding()) {
    first.parameters.erase(first.parameters.begin());
    first.input_row_bytes = first.output_row_bytes;
  }
  return piece;
}

ModelProfile facts_of(const ModelProfile& model) {
  return {.tensor = model.tensor,
          .layers = model.layers,
          .input_row_bytes = model.input_row_bytes,
          .target_row_bytes = model.target_row_bytes,
          .halves_messages = model.halves_messages,
          .measured = {},
          .block_bytes = model.block_bytes};
}

// Rows come and go on in their place. Positions keep the gradient, of which a copy then goes on.
std::vector<LayerMeasure> layers_of_pieces(const ModelProfile& whole, const PieceProfile& piece,
                                           std::vector<LayerMeasure> layers, std::int64_t rows) {
  if (!piece.cuts_embedding()) return layers;
  LayerMeasure& rest = layers.front();
  const bool has_positions = whole.layers.front().parameters.size() > 1;
  const std::int64_t block = whole.block_bytes(rows * piece.rows);
  rest.forward = rest.evaluation = {};
  rest.backward_input = has_positions ? takes(block) : MemoryUse();
  rest.backward_weight = has_positions ? takes(block, -1) : MemoryUse();
  return layers;
}

std::vector<PieceCost> piece_costs(const StageCost& head, int pieces, VocabularyPlace place) {
  return std::vector<PieceCost>(index(pieces), piece_cost(head, pieces, place));
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
  if (!schedule.cuts_vocabulary()) return rank_parameters(model, schedule, first_layers, sharded);
  ModelProfile facts = facts_of(model);
  const PieceProfile piece = take_piece(facts, schedule.rank_count(), schedule.vocabulary);
  auto parameters = rank_parameters(facts, schedule, first_layers, sharded);
  for (RankParameters& rank : parameters) piece.add_to(rank);
  return parameters;
}

void add_piece_bytes(const PieceProfile& piece, std::int64_t rows, const Schedule& schedule,
                     std::vector<std::int64_t>& sent) {
  const Placement& placement = schedule.placement;
  const auto others = static_cast<std::int64_t>(sent.size()) - 1;
  if (piece.cut() && schedule.has_two_barriers()) {
    for (std::int64_t& bytes : sent) bytes += rows * others * piece.statistics;
  }
  const std::size_t last = index(placement.ranks().back());
  for (std::size_t rank = 0; rank < sent.size(); ++rank) {
    if (rank == last) continue;
    sent[rank] += rows * piece.result;
    sent[last] += rows * piece.input;
  }
  if (!piece.cuts_embedding()) return;
  const std::vector<int> chain = embedding_chain(placement);
  for (std::size_t hop = 1; hop < chain.size(); ++hop) {
    for (const int rank : {chain[hop - 1], chain[hop]}) sent[index(rank)] += rows * piece.rows;
  }
}

}  // namespace pipetrain
