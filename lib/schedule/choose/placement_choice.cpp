#include "schedule/choose/placement_choice.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr int kMostStage = 1'000'000;

}  // namespace

PlacementChoice parse_placement(const std::string& text, const std::string& name) {
  const auto* rule = find_row(kPlacementRules, text);
  if (rule != nullptr && rule->value != PlacementRule::kList) return {rule->value, {}};
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto is_number = [](const auto& stage) {
    return stage.is_number_unsigned() && stage <= kMostStage;
  };
  const bool fits = list.is_array() && !list.empty() && std::ranges::all_of(list, [&](auto& row) {
                      return row.is_array() && std::ranges::all_of(row, is_number);
                    });
  if (fits) return {PlacementRule::kList, list.get<std::vector<std::vector<int>>>()};
  throw Error(ExitCode::kConfiguration, name + ": found '" + text +
                                            "', expected own, loop, v, wave, auto or the stages of "
                                            "each rank, such as [[0,5],[1,4],[2,3]]");
}

std::string placement_help() {
  return "which rank has which stages: loop, v, wave, auto (of schedule auto), or a list for each "
         "rank, [[0,5],[1,4],[2,3]]";
}

std::string vocabulary_help() {
  return "who holds the head's rows of the vocabulary: whole, the last stage; parallel, all ranks "
         "a piece each, with passes S and T and one wait for each other (Vocab-2); or vocab-1, the "
         "same with two (Vocab-1)";
}

std::optional<VocabularyPlace> parse_vocabulary(std::string_view text) {
  const auto* row = find_row(kVocabularyPlaces, text);
  return row == nullptr ? std::nullopt : std::optional(row->value);
}

int stages_per_rank(const PlacementChoice& choice) {
  std::size_t most = choice.rule == PlacementRule::kV ? 2 : 0;
  for (const auto& own : choice.stages) most = std::max(most, own.size());
  return static_cast<int>(most);
}

std::optional<std::string> why_no_placement(const PlacementChoice& choice, int ranks,
                                            int virtual_stages) {
  if (choice.rule == PlacementRule::kV && virtual_stages != 2) {
    return "placement v has two stages per rank, found " + std::to_string(virtual_stages) +
           "; set virtual stages to 2, or take placement wave";
  }
  if (choice.rule != PlacementRule::kList) return std::nullopt;
  const int rows = static_cast<int>(choice.stages.size());
  if (rows != ranks) {
    return "the placement is of " + std::to_string(rows) + " ranks, but there are " +
           std::to_string(ranks);
  }
  const int most = stages_per_rank(choice);
  if (virtual_stages == most) return std::nullopt;
  return "the placement has up to " + std::to_string(most) + " stages per rank, but " +
         std::to_string(virtual_stages) + " virtual stages are asked for; leave their number out";
}

std::optional<Placement> placement_of(const PlacementChoice& choice, int ranks,
                                      int virtual_stages) {
  if (choice.is_open()) return std::nullopt;
  if (choice.rule == PlacementRule::kList) return Placement::of(choice.stages);
  return choice.rule == PlacementRule::kLoop ? Placement::loop(ranks, virtual_stages)
                                             : Placement::wave(ranks, virtual_stages);
}

std::vector<Placement> placements_to_cut(const PlacementChoice& choice, int ranks,
                                         int virtual_stages) {
  if (const auto placement = placement_of(choice, ranks, virtual_stages)) return {*placement};
  std::vector<Placement> placements{Placement::loop(ranks, virtual_stages)};
  if (virtual_stages == 2) placements.push_back(Placement::wave(ranks, virtual_stages));
  return placements;
}

}  // namespace pipetrain
