// Schedules as CSV tables: one row per rank, no header, cells of <stage><F|I|W|B><microbatch>, and
// of slices <stage><F|I|W|B><microbatch>.<slice>, where .0 may be left out; an empty cell is no
// action, a row without actions no rank. Tables of PyTorch's pipelining read as they are: a cell
// "(0F3;3B1)OVERLAP_F_B" is its two actions in that order; communication such as 0SEND_F0 is
// checked (schedule/table_messages.h), then left out, as it follows from the rest. The grammar
// stands in README.md.
#pragma once

#include <string>
#include <string_view>

#include "schedule/schedule.h"

namespace pipetrain {

// Ranks, stages, microbatches, slices and placement, whichever it is, follow from the table, which
// is then validated. Error(kConfiguration) names `name` (a file, say), row and column. `ranks`, if
// given, is how many rows there must be.
Schedule schedule_from_csv(std::string_view text, const std::string& name, int ranks = 0);
Schedule read_csv_schedule(const std::string& path, int ranks = 0);

std::string csv_of(const Schedule& schedule);  // compute actions only

}  // namespace pipetrain
