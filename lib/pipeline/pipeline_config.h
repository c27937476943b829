// How the model is cut into stages and scheduled, as the user wrote it. Plain data; it must not
// know layers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/table.h"
#include "schedule/choose/placement_choice.h"
#include "schedule/memory_choices.h"

namespace pipetrain {

// How the layers are cut into stages.
enum class PartitionRule : std::uint8_t { kAuto, kUniform, kList };

inline constexpr Choice<PartitionRule> kPartitionRules[] = {
    {PartitionRule::kAuto, "auto", "By the layers' measured times."},
    {PartitionRule::kUniform, "uniform", "Into equal numbers of layers."},
    {PartitionRule::kList, "list", "At the listed layers, the first of each stage."},
};

// What makes up for gradients that come a step late.
enum class DelayCorrection : std::uint8_t { kNone, kNesterov };

inline constexpr Choice<DelayCorrection> kDelayCorrections[] = {
    {DelayCorrection::kNone, "none", "Nothing."},
    {DelayCorrection::kNesterov, "nesterov",
     "Each update looks a step ahead along the optimizer's momentum."},
};

struct PipelineConfig {
  std::string schedule = "1f1b";  // a schedule's name, or a .csv file
  int microbatches = 0;           // M; 0: min(4 x stages, rows per replica)
  int virtual_stages = 0;         // v; 0: the schedule's default
  int slices = 0;                 // of each sequence; 0: 1, or as many as a table has
  PlacementChoice placement;
  VocabularyPlace vocabulary = VocabularyPlace::kWhole;
  int live_microbatches = 0;  // most per rank under schedule auto; 0: 1F1B's
  int delay = 0;              // steps by which gradients are behind the weights they update
  DelayCorrection delay_correction = DelayCorrection::kNone;
  bool post_validation = false;  // ranks update before the norm is known, and may take it back
  PartitionRule partition = PartitionRule::kAuto;
  std::vector<int> first_layers;  // of each stage, where partition is kList
  Recompute recompute = Recompute::kCheap;
  std::vector<std::string> recompute_layers;  // or parts of them, where recompute is kList
};

}  // namespace pipetrain
