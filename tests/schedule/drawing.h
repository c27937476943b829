// Reads schedules drawn in comments and tests, so that a drawing is a test.
#pragma once

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/timeline.h"

// Rows of "0F0 0F1": the actions of each rank; spaces between them mean nothing.
inline std::vector<std::vector<pipetrain::Action>> actions_of(const std::string& drawing) {
  std::vector<std::vector<pipetrain::Action>> ranks;
  std::istringstream rows(drawing);
  for (std::string row; std::getline(rows, row);) {
    std::istringstream words(row);
    std::vector<pipetrain::Action> actions;
    for (std::string word; words >> word;) actions.push_back(pipetrain::parse_action(word).value());
    if (!actions.empty()) ranks.push_back(actions);
  }
  return ranks;
}

// A rank's actions in cells of one unit of time, as a drawing shows them: "F0", "B1" or, with
// several stages, "2F0".
inline std::string draw_row(const std::vector<pipetrain::Span>& spans, std::size_t cell_width,
                            bool stages, double unit = 1) {
  std::string row;
  for (const pipetrain::Span& span : spans) {
    if (span.waiting) continue;
    std::string text = pipetrain::text_of(span.action);
    if (!stages) text.erase(0, text.find_first_of("FIWBRST"));
    row.resize(static_cast<std::size_t>(span.start / unit + 0.5) * cell_width, ' ');
    row += text;
  }
  return row;
}
