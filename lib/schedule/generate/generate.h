// The published schedules: which there are, for which sizes they exist, and their compute actions.
// Pure functions; they must not know costs, messages or how a schedule runs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/generate/schedule_kind.h"
#include "schedule/schedule.h"

namespace pipetrain {

// Stands for a schedule that is searched for (schedule/search/).
inline constexpr std::string_view kSearchedSchedule = "auto";
// Stands for all of them on one rank, where they are the same.
inline constexpr std::string_view kPlainSchedule = "1f1b";

// All of them, in the order in which help lists them. Two more kinds need more than sizes: searched
// ones and tables (csv.h).
std::span<const ScheduleKind> schedule_kinds();
const std::vector<std::string>& schedule_names();

// Stages per rank when the user names none. Knows "auto", too. Error(kConfiguration) for an unknown
// name.
int default_virtual_stages(std::string_view name);

// Of every stage: 1, or 2 where they stand on two ranks each. 1 for "auto" and for tables.
int copies_of(std::string_view name);

// Why there is no schedule `name` at all, with the nearest known one. Nothing if there is one.
std::optional<std::string> why_unknown(std::string_view name);

// Why there is no schedule `name` for p ranks, v stages each and M microbatches, whose sequences
// are cut into `slices`: the name is unknown, or it does not exist for these sizes (the reason says
// which would do). Nothing if there is one.
std::optional<std::string> why_not(std::string_view name, int ranks, int virtual_stages,
                                   int microbatches, int slices = 1);

// The schedule; compute actions only. Error(kConfiguration) with the reason where there is none.
Schedule generate(std::string_view name, int ranks, int virtual_stages, int microbatches,
                  int slices = 1);

// The same for stages that are placed so. A schedule takes its own placement, with ranks in any
// order; those with a generate_on take any.
std::optional<std::string> why_not(std::string_view name, const Placement& placement,
                                   int microbatches, int slices = 1);
Schedule generate(std::string_view name, const Placement& placement, int microbatches,
                  int slices = 1);

// Why a searched or listed schedule has no slices, and which have; nothing for one.
std::optional<std::string> why_no_slices(std::string_view name, int slices);

// The reason, if it would have more actions (F, I and W of each slice) than kMostActions.
std::optional<std::string> too_many_actions(std::string_view name, int ranks, int virtual_stages,
                                            int microbatches, int slices = 1);

// Every stage's forwards alone, in the order in which such a pipeline runs them: evaluation.
// `stage_by_stage`: a rank ends one stage before it begins the next, so that the order of its
// stages is the same however many microbatches there are. Over the pipeline, a vocabulary has its
// S.
Schedule generate_forward_only(const Placement& placement, int microbatches,
                               bool stage_by_stage = false,
                               VocabularyPlace vocabulary = VocabularyPlace::kWhole);

}  // namespace pipetrain
