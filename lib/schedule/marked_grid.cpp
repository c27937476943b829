#include "schedule/marked_grid.h"

#include <algorithm>

namespace pipetrain {

std::string marked_grid(const std::vector<std::vector<Action>>& ranks, int wrong_rank,
                        std::size_t wrong_position) {
  constexpr int kRowsAround = 8;
  constexpr std::size_t kColumnsBefore = 7, kColumns = 12;
  std::size_t first = 0;
  if (wrong_position != kMissing && wrong_position > kColumnsBefore) {
    first = wrong_position - kColumnsBefore;
  }
  std::size_t width = 0;
  for (const auto& actions : ranks) {
    for (std::size_t i = first; i < std::min(actions.size(), first + kColumns); ++i) {
      width = std::max(width, text_of(actions[i]).size());
    }
  }
  std::string grid;
  const int last_rank = std::min(static_cast<int>(ranks.size()) - 1, wrong_rank + kRowsAround);
  for (int rank = std::max(0, wrong_rank - kRowsAround); rank <= last_rank; ++rank) {
    const auto& actions = ranks[static_cast<std::size_t>(rank)];
    std::string row = "  rank " + std::to_string(rank) + (first > 0 ? ": ..." : ":");
    for (std::size_t i = first; i < std::min(actions.size(), first + kColumns); ++i) {
      const bool wrong = rank == wrong_rank && i == wrong_position;
      const std::string text = text_of(actions[i]);
      row += (wrong ? ">" : " ") + text + (wrong ? "<" : " ");
      row.append(width - text.size(), ' ');
    }
    if (first + kColumns < actions.size()) row += "...";
    if (rank == wrong_rank && wrong_position >= actions.size()) row += " > missing <";
    while (row.back() == ' ') row.pop_back();
    grid += (grid.empty() ? "" : "\n") + row;
  }
  return grid;
}

}  // namespace pipetrain
