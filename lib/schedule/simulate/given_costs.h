// Costs that are given before the sizes of a schedule are known: a few numbers for a rank's whole
// share, or those of each stage. It must not know where they were measured, or in which unit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct GivenCosts {
  StageCost rank_share{1, 1, 1};  // of a whole rank: each of its v stages costs 1/v
  PieceCost piece{1, 1};          // of a rank's piece, where the vocabulary is over the pipeline
  double message = 0;
  std::vector<StageCost> stages;                     // if there are any, they count, not rank_share
  std::string stages_from;                           // their file
  std::shared_ptr<const Network> network = nullptr;  // as Costs has it

  // Whether they are costs of so many stages.
  bool fit(int stage_count) const;
  // The costs of these stages. Error(kConfiguration) if they do not fit.
  Costs on(const Placement& placement) const;
};

// "S,T" of a rank's piece of the vocabulary, numbers from 0 to 1e9; empty: 1,1.
// Error(kConfiguration) names the option.
PieceCost given_piece_cost(const std::string& text, const std::string& option);

// Error(kConfiguration) if that text is there, but no schedule whose vocabulary is over the
// pipeline.
void check_piece_cost(const std::string& text, const std::string& option, bool has_pieces);

// Costs of stages that are known already, whose pieces are alike.
inline GivenCosts as_given(const Costs& costs) {
  return {.piece = costs.pieces.empty() ? PieceCost() : costs.pieces.front(),
          .message = costs.message,
          .stages = costs.stages,
          .network = costs.network};
}

// "F,I,W" or "F,I,W,COMM"; with a file of stage costs only "COMM". Either text may be empty: costs
// of 1, messages for nothing. The file has a row "F,I,W" for each stage, in order. All are numbers
// from 0 to 1e9, and not all actions may be free. Error(kConfiguration) names the option or the
// row.
GivenCosts given_costs(const std::string& costs, const std::string& stage_costs_file);

}  // namespace pipetrain
