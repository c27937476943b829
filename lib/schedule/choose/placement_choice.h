// Which rank holds which stage, as it is asked for. It must not know what the schedule is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/table.h"
#include "schedule/placement.h"
#include "schedule/vocabulary_place.h"

namespace pipetrain {

enum class PlacementRule : std::uint8_t { kOwn, kLoop, kV, kWave, kAuto, kList };

inline constexpr Choice<PlacementRule> kPlacementRules[] = {
    {PlacementRule::kOwn, "own", "As the schedule has it."},
    {PlacementRule::kLoop, "loop", "Stage s on rank s mod p."},
    {PlacementRule::kV, "v", "Two stages a rank, down the ranks and back up."},
    {PlacementRule::kWave, "wave", "Down and back up as often as there are stages a rank."},
    {PlacementRule::kAuto, "auto", "Searched for together with the schedule, which is `auto`."},
    {PlacementRule::kList, "list", "Each rank's stages, such as `[[0,5],[1,4],[2,3]]`."},
};

struct PlacementChoice {
  PlacementRule rule = PlacementRule::kOwn;
  std::vector<std::vector<int>> stages;  // of each rank, where the rule is kList

  bool is_open() const { return rule == PlacementRule::kOwn || rule == PlacementRule::kAuto; }
};

// "v" or "[[0,5],[1,4],[2,3]]"; Error(kConfiguration) that begins with `name` for other text.
PlacementChoice parse_placement(const std::string& text, const std::string& name);

// For help, of an option.
std::string placement_help();

std::string vocabulary_help();
// The word that an option has; nothing for none.
std::optional<VocabularyPlace> parse_vocabulary(std::string_view text);

// Stages per rank that the choice itself says; 0: none.
int stages_per_rank(const PlacementChoice& choice);
// Why there is no such placement of these sizes; nothing if there is one.
std::optional<std::string> why_no_placement(const PlacementChoice& choice, int ranks,
                                            int virtual_stages);
// The placement; nothing where the choice is_open().
std::optional<Placement> placement_of(const PlacementChoice& choice, int ranks, int virtual_stages);

// What layers are cut for before a schedule is searched for: the placement; where the choice
// is_open() a loop and, of two stages a rank, a V.
std::vector<Placement> placements_to_cut(const PlacementChoice& choice, int ranks,
                                         int virtual_stages);

}  // namespace pipetrain
