// A schedule against a drawing of it, one cell for each unit of time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

inline void check_drawing(const Schedule& schedule, const std::vector<std::string>& rows) {
  const bool stages = schedule.virtual_stages() > 1 || schedule.placement.copies() > 1;
  const bool splits =
      std::any_of(schedule.ranks[0].begin(), schedule.ranks[0].end(),
                  [](const Action& action) { return action.op == Op::kBackwardInput; });
  const double part = splits ? 1 : 0.5;  // without I and W of its own, a B is drawn as one cell
  const double n = schedule.slices;      // a cell is a slice's
  const Costs costs{std::vector<StageCost>(static_cast<std::size_t>(schedule.stage_count()),
                                           {n, n * part, n * part}),
                    0};
  const std::size_t cell_width = (stages ? 4 : 3) + (n > 1 ? 2 : 0);
  const Timeline timeline = simulate(schedule, costs, BackwardSends::kAfterBackward);
  REQUIRE(timeline.ranks.size() == rows.size());
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    CHECK(draw_row(timeline.ranks[rank], cell_width, stages) == rows[rank]);
  }
}

}  // namespace pipetrain
