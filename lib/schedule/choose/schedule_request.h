// A schedule as it is asked for, and the one way to it: by name, searched, as a table of one's own,
// or forwards alone. It must not know how costs were measured, nor what the schedule is for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/choose/placement_choice.h"
#include "schedule/generate/generate.h"
#include "schedule/schedule.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/simulate/given_costs.h"

namespace pipetrain {

// The name that stands for forwards alone, as evaluation has them.
inline constexpr std::string_view kForwardOnlySchedule = "forward-only";

struct ScheduleRequest {
  std::string name;           // of listed_schedules(), or FILE.csv
  bool is_file = false;       // the name is a table's file, whatever it ends in
  bool forward_only = false;  // forwards alone; the name is then for messages
  int ranks = 0;              // 0, here and below: what the table has
  int microbatches = 0;       // 0: see `most_microbatches`
  int virtual_stages = 0;     // 0: the schedule's own
  int slices = 0;             // of each microbatch's sequences; 0: 1
  // Where `microbatches` is left open: the largest number up to this and to the usual one that the
  // schedule takes. 0: it must not be left open.
  int most_microbatches = 0;
  int usual_microbatches = 0;  // 0: 4 of each stage
  PlacementChoice placement;
  std::optional<VocabularyPlace> vocabulary;  // nothing: as a table has it, else whole
  AutoOptions search;  // of a searched one; its placement follows from the one above

  bool is_table() const { return is_file || name.ends_with(".csv"); }
  VocabularyPlace vocabulary_place() const { return vocabulary.value_or(VocabularyPlace::kWhole); }
  bool cuts_vocabulary() const { return is_over_pipeline(vocabulary_place()); }
  bool is_searched() const { return name == kSearchedSchedule && !is_table() && !forward_only; }
};

// One of all schedules that are asked for at once: what is for a search is for the searched one.
ScheduleRequest request_of_one(ScheduleRequest all, std::string_view name);

// Why there is no such schedule, and what would do; nothing if there is one. Error(kConfiguration)
// for a table that cannot be read or is no schedule.
std::optional<std::string> why_not(const ScheduleRequest& request);

// What a search for the request's schedule is given: for the sizes that choose_without_costs()
// returns, or for the schedule that was found, whose placement it then is.
AutoOptions search_options(const ScheduleRequest& request, const Schedule& sizes);

// The schedule, validated; compute actions only. `costs` are for the search alone.
// Error(kConfiguration) with the reason where there is none.
Schedule choose(const ScheduleRequest& request, const GivenCosts& costs);

// As choose(), but where only a search could tell: then the sizes alone, a schedule without ranks.
Schedule choose_without_costs(const ScheduleRequest& request);

// The names that stand for a schedule which trains, in the order in which help lists them.
struct ListedSchedule {
  std::string_view name;
  std::string_view description;  // one sentence
  int default_virtual_stages = 1;
};
std::vector<ListedSchedule> listed_schedules();

}  // namespace pipetrain
