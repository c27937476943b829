// How the model is cut into stages and scheduled, as the user wrote it. Plain data; it must not
// know layers.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct PipelineConfig {
  std::string schedule = "1f1b";              // a schedule's name, or a .csv file
  int microbatches = 0;                       // M; 0: min(4 x stages, rows per replica)
  int virtual_stages = 0;                     // v; 0: the schedule's default
  int live_microbatches = 0;                  // most per rank under schedule auto; 0: 1F1B's
  std::string partition = "auto";             // auto | uniform | list
  std::vector<int> first_layers;              // of each stage, where partition is "list"
  std::string recompute = "none";             // none | full | attention | list
  std::vector<std::string> recompute_layers;  // names or indices, where recompute is "list"
};

}  // namespace pipetrain
