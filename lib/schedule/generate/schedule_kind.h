// What a published schedule is: its row in the table of generate.cpp. It must not know costs,
// messages or how a schedule runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

struct ScheduleSizes {
  int ranks = 1, virtual_stages = 1, microbatches = 1;  // p, v and M
  int slices = 1;                                       // of each microbatch's sequences
};

// For each rank its compute actions in order: F and B, or I and W where the schedule parts them.
using RankActions = std::vector<std::vector<Action>>;

struct ScheduleKind {
  std::string_view name;
  std::string_view description;  // one sentence, for help
  const char* source;            // who published it, when and where
  int default_virtual_stages;    // stages per rank where the user names none
  bool any_virtual_stages;       // else the default alone
  Placement (*placement)(int ranks, int virtual_stages);  // its own
  RankActions (*generate)(const ScheduleSizes& sizes);    // for all sizes that it exists for
  // What it needs of the microbatches and does not have, and which number would do; nothing if the
  // sizes will do. Null: any number will do.
  std::optional<std::string> (*missing)(const ScheduleSizes& sizes) = nullptr;
  const char* microbatches = "any";  // the same in words
  const char* tuned_for = nullptr;   // costs that it is made for: at others another may be better
  // On any placement, if it makes sense there; else it takes its own alone.
  RankActions (*generate_on)(const Placement& placement, int microbatches) = nullptr;
  bool takes_slices = false;      // on its own placement; else microbatches are whole
  bool takes_vocabulary = false;  // has a form with it over the pipeline (search/vocabulary.h)
};

}  // namespace pipetrain
