#include "schedule/simulate/given_costs.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/error.h"
#include "base/number.h"
#include "schedule/table_file.h"

namespace pipetrain {
namespace {

constexpr double kMostCost = 1e9;  // sums of many stay exact enough to compare

[[noreturn]] void refuse(const std::string& where, const std::string& found,
                         const std::string& expected) {
  throw Error(ExitCode::kConfiguration,
              where + ": found '" + printable(found) + "', expected " + expected);
}

std::optional<double> cost_of(std::string_view text) {
  const std::optional<double> cost = parse_number<double>(text);
  return cost && *cost >= 0 && *cost <= kMostCost ? cost : std::nullopt;
}

std::vector<double> numbers_in(std::string_view text, const std::string& where) {
  std::vector<double> numbers;
  for_each_part(text, ',', [&](std::string_view word) {
    const std::string_view content = content_of(word);
    const std::optional<double> cost = cost_of(content);
    if (!cost) refuse(where, std::string(content), "numbers from 0 to 1e9 between commas");
    numbers.push_back(*cost);
  });
  return numbers;
}

bool is_free(const StageCost& cost) {
  return cost.forward + cost.backward_input + cost.backward_weight <= 0;
}

std::vector<StageCost> read_stage_costs(const std::string& file) {
  const std::string text = read_table(file);
  std::vector<StageCost> stages;
  for_each_row(text, [&](std::string_view row, int line) {
    const std::string where = file + ": row " + std::to_string(line);
    const std::vector<double> numbers = numbers_in(row, where);
    if (numbers.size() != 3) refuse(where, std::string(row), "F,I,W: the costs of one stage");
    stages.push_back({numbers[0], numbers[1], numbers[2]});
  });
  if (std::ranges::all_of(stages, is_free)) {
    throw Error(ExitCode::kConfiguration,
                file +
                    ": no stage costs anything; expected a row F,I,W for each stage, such as "
                    "1,1,1");
  }
  return stages;
}

}  // namespace

bool GivenCosts::fit(int stage_count) const {
  return stages.empty() || static_cast<int>(stages.size()) == stage_count;
}

Costs GivenCosts::on(const Placement& placement) const {
  if (stages.empty()) {
    Costs costs = equal_costs({.placement = placement}, rank_share.forward,
                              rank_share.backward_input, rank_share.backward_weight, message);
    costs.network = network;
    costs.pieces.assign(static_cast<std::size_t>(placement.rank_count()), piece);
    return costs;
  }
  if (!fit(placement.stage_count())) {
    const int found = static_cast<int>(stages.size()), ranks = placement.rank_count();
    const std::string cure = found % ranks == 0 && placement.goes_in_laps()
                                 ? "give --virtual-stages " + std::to_string(found / ranks) +
                                       ", or one row for each stage"
                                 : "give one row for each stage";
    throw Error(ExitCode::kConfiguration, stages_from + ": found the costs of " +
                                              std::to_string(found) + " stages, expected " +
                                              std::to_string(placement.stage_count()) + ", of " +
                                              std::to_string(ranks) + " ranks; " + cure);
  }
  return {stages, message, 0, network,
          std::vector<PieceCost>(static_cast<std::size_t>(placement.rank_count()), piece)};
}

PieceCost given_piece_cost(const std::string& text, const std::string& option) {
  if (text.empty()) return {1, 1};
  const std::vector<double> numbers = numbers_in(text, option);
  if (numbers.size() != 2) refuse(option, text, "S,T, such as 1,0.5");
  return {numbers[0], numbers[1]};
}

void check_piece_cost(const std::string& text, const std::string& option, bool has_pieces) {
  if (text.empty() || has_pieces) return;
  throw Error(
      ExitCode::kConfiguration,
      option +
          " is for --vocabulary parallel or vocab-1, but the vocabulary is whole; leave it out");
}

GivenCosts given_costs(const std::string& costs, const std::string& stage_costs_file) {
  GivenCosts given;
  given.stages_from = stage_costs_file;
  const bool by_stage = !stage_costs_file.empty();
  if (by_stage) given.stages = read_stage_costs(stage_costs_file);
  if (costs.empty()) return given;
  const std::vector<double> numbers = numbers_in(costs, "--costs");
  if (by_stage) {
    if (numbers.size() != 1) refuse("--costs", costs, "COMM alone beside --stage-costs");
    given.message = numbers[0];
    return given;
  }
  if (numbers.size() != 3 && numbers.size() != 4) {
    refuse("--costs", costs, "F,I,W or F,I,W,COMM, such as 1,1,1,0.1");
  }
  given.rank_share = {numbers[0], numbers[1], numbers[2]};
  if (numbers.size() == 4) given.message = numbers[3];
  if (is_free(given.rank_share)) refuse("--costs", costs, "at least one of F, I and W above 0");
  return given;
}

}  // namespace pipetrain
