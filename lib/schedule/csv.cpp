#include "schedule/csv.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/marked_grid.h"
#include "schedule/table_file.h"
#include "schedule/table_messages.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

struct Cell {
  Action action;
  int rank;
  int row, column;  // of the file, from 1; blank rows are no ranks, but count
};

// Which stage it says that there is.
int stage_of(const Action& action) { return is_of_piece(action.op) ? 0 : action.stage; }

class Table {
 public:
  Table(std::string_view text, std::string name, int ranks) : name_(std::move(name)) {
    for_each_row(text, [&](std::string_view row, int line) {
      lines_.push_back(line);
      parse_row(row, line);
    });
    rows_ = static_cast<int>(lines_.size());
    if (cells_.empty()) {
      throw Error(ExitCode::kConfiguration,
                  name_ + ": the table is empty; expected one row of actions per rank");
    }
    if (ranks != 0 && rows_ != ranks) {
      throw Error(ExitCode::kConfiguration, name_ + " is a schedule for " + std::to_string(rows_) +
                                                " ranks (one row each), but there are " +
                                                std::to_string(ranks));
    }
    if (cells_.size() < static_cast<std::size_t>(rows_)) {
      throw Error(ExitCode::kConfiguration, name_ + ": found " + std::to_string(cells_.size()) +
                                                " actions in " + std::to_string(rows_) +
                                                " rows; expected one row of actions per rank");
    }
  }

  // Of the compute actions alone.
  Schedule schedule() const {
    Schedule schedule;
    check_fill();
    schedule.microbatches =
        1 + largest([](const Action& a) { return a.microbatch; }).action.microbatch;
    schedule.slices = 1 + largest([](const Action& a) { return a.slice; }).action.slice;
    schedule.placement = placement(schedule.microbatches);
    schedule.ranks.resize(static_cast<std::size_t>(rows_));
    for (const Cell& cell : cells_) {
      const bool of_stage = is_of_stage(cell.action.op);
      const std::vector<int>& own = schedule.placement.stages_of(cell.rank);
      if (of_stage && std::ranges::binary_search(own, cell.action.stage)) continue;
      const bool piece = is_of_piece(cell.action.op);  // validate() checks whose
      const int owner = piece ? cell.rank : rank_of(schedule, cell.action);
      if (owner != cell.rank) {
        const bool copies = schedule.placement.copies() > 1 && !of_stage;
        refuse(cell, text_of(cell.action) + " is on the wrong rank: stage " +
                         std::to_string(cell.action.stage) +
                         (copies ? " of this half of the microbatches" : "") + " is in row " +
                         std::to_string(lines_[static_cast<std::size_t>(owner)]));
      }
      if (!is_compute(cell.action.op)) continue;
      schedule.ranks[static_cast<std::size_t>(owner)].push_back(cell.action);
    }
    schedule.vocabulary = vocabulary_in(schedule);
    return schedule;
  }

  // What the table says of communication is not taken, but it must fit.
  void check_messages(const Schedule& schedule) const {
    const auto is_compute_cell = [](const Cell& cell) { return is_compute(cell.action.op); };
    if (std::ranges::all_of(cells_, is_compute_cell)) return;
    const auto fault = message_fault(schedule, rows());
    if (!fault) return;
    std::size_t before = fault->position;
    for (const Cell& cell : cells_) {
      if (cell.rank == fault->rank && before-- == 0) refuse(cell, fault->why);
    }
  }

 private:
  [[noreturn]] void refuse(int row, int column, const std::string& why,
                           const std::string& grid = {}) const {
    throw Error(
        ExitCode::kConfiguration,
        name_ + ": row " + std::to_string(row) + ", column " + std::to_string(column) + ": " + why,
        grid);
  }

  [[noreturn]] void refuse(const Cell& cell, const std::string& why) const {
    refuse(cell.row, cell.column, why, grid_around(cell));
  }

  std::vector<std::vector<Action>> rows() const {
    std::vector<std::vector<Action>> rows(static_cast<std::size_t>(rows_));
    for (const Cell& cell : cells_) {
      rows[static_cast<std::size_t>(cell.rank)].push_back(cell.action);
    }
    return rows;
  }

  std::string grid_around(const Cell& wrong) const {
    std::size_t position = 0;
    for (const Cell* cell = cells_.data(); cell != &wrong; ++cell) {
      if (cell->rank == wrong.rank) ++position;
    }
    return marked_grid(rows(), wrong.rank, position);
  }

  void parse_row(std::string_view text, int row) {
    int column = 0;
    for_each_part(text, ',', [&](std::string_view cell) {
      ++column;
      cell = content_of(cell);
      constexpr std::string_view kPairEnd = ")OVERLAP_F_B";
      if (cell.starts_with('(') && cell.ends_with(kPairEnd)) {
        cell.remove_prefix(1);
        cell.remove_suffix(kPairEnd.size());
        for_each_part(cell, ';', [&](std::string_view part) { add_action(part, row, column); });
      } else if (!cell.empty()) {
        add_action(cell, row, column);
      }
    });
  }

  void add_action(std::string_view text, int row, int column) {
    const std::optional<Action> action = parse_action(content_of(text));
    const bool follows = action && (action->op == Op::kRecompute ||
                                    (is_of_piece(action->op) && !is_compute(action->op)));
    if (!action || follows) {
      refuse(row, column,
             "found '" + printable(content_of(text)) +
                 "', expected <stage><F|I|W|B><microbatch>, such as 2F0, between commas" +
                 (follows ? "; leave it out: it follows from the others" : ""));
    }
    if (cells_.size() == kMostActions) {
      refuse(row, column,
             "the table has more than " + std::to_string(kMostActions) +
                 " actions; take fewer microbatches");
    }
    cells_.push_back({*action, static_cast<int>(lines_.size()) - 1, row, column});
  }

  template <class Key>
  const Cell& largest(Key key) const {
    return *std::max_element(cells_.begin(), cells_.end(), [&](const Cell& a, const Cell& b) {
      return key(a.action) < key(b.action);
    });
  }

  // A wrong number must not make a table of gigabytes: a small one is left to validate(), which
  // shows what is missing.
  void check_fill() const {
    const Cell& last_stage = largest(stage_of);
    const Cell& last_microbatch = largest([](const Action& a) { return a.microbatch; });
    const Cell& last_slice = largest([](const Action& a) { return a.slice; });
    constexpr double kSmall = 1e5;
    const double stages = 1.0 + last_stage.action.stage;
    const double microbatches = 1.0 + last_microbatch.action.microbatch;
    const double slices = 1.0 + last_slice.action.slice;
    const double needed = 2 * stages * microbatches * slices;  // F and B
    const double found = static_cast<double>(cells_.size());
    if (needed <= std::max(2 * found, kSmall)) return;
    const Cell& cell = slices > std::max(stages, microbatches) ? last_slice
                       : stages > microbatches                 ? last_stage
                                                               : last_microbatch;
    refuse(cell, text_of(cell.action) + " in a table of " + std::to_string(cells_.size()) +
                     " actions; up to that stage, microbatch and slice it would have " +
                     std::to_string(static_cast<long long>(needed)) + " or more");
  }

  using Counts = std::vector<std::map<int, int>>;  // of each stage: cells by rank

  // Of the microbatches that pass through this copy, if stages have `copies`.
  Counts counts_of(int microbatches, int copies, int copy) const {
    const int stages = 1 + largest(stage_of).action.stage;
    Counts counts(static_cast<std::size_t>(stages));
    for (const Cell& cell : cells_) {
      if (is_of_piece(cell.action.op)) continue;
      if (copies > 1 && is_of_stage(cell.action.op)) continue;
      if (copy_of_microbatch(cell.action.microbatch, microbatches, copies) != copy) continue;
      ++counts[static_cast<std::size_t>(cell.action.stage)][cell.rank];
    }
    return counts;
  }

  // A stage is on the rank that has most of its actions, so that one cell in a wrong row is found;
  // of as many, on that of a loop.
  static int owner_of(const std::map<int, int>& count, int loop_rank) {
    const auto weight = [&](const auto& at) { return 2 * at.second + (at.first == loop_rank); };
    return std::max_element(count.begin(), count.end(),
                            [&](const auto& a, const auto& b) { return weight(a) < weight(b); })
        ->first;
  }

  // Whether the two halves of the microbatches pass through most stages on two ranks that face each
  // other.
  bool goes_both_ways(int microbatches) const {
    if (rows_ % 2 != 0 || microbatches < 2) return false;
    const Counts down = counts_of(microbatches, 2, 0), up = counts_of(microbatches, 2, 1);
    std::size_t facing = 0;
    for (std::size_t stage = 0; stage < down.size(); ++stage) {
      if (down[stage].empty() || up[stage].empty()) continue;
      const int rank = owner_of(down[stage], -1);
      facing += owner_of(up[stage], -1) == rows_ - 1 - rank ? 1 : 0;
    }
    return 2 * facing > down.size();
  }

  Placement placement(int microbatches) const {
    const bool both_ways = goes_both_ways(microbatches);
    const Counts counts = counts_of(microbatches, both_ways ? 2 : 1, 0);
    const int stages = static_cast<int>(counts.size());
    std::vector<std::vector<int>> stages_of_ranks(static_cast<std::size_t>(rows_));
    for (int stage = 0; stage < stages; ++stage) {
      const auto& count = counts[static_cast<std::size_t>(stage)];
      if (count.empty()) {
        throw Error(ExitCode::kConfiguration,
                    name_ + ": stage " + std::to_string(stage) + " has no action, but stage " +
                        std::to_string(stages - 1) + " has; is a row missing?",
                    marked_grid(rows(), rows_ - 1, kMissing));
      }
      const int owner = owner_of(count, stage % rows_);
      stages_of_ranks[static_cast<std::size_t>(owner)].push_back(stage);
    }
    try {
      const Placement down = Placement::of(stages_of_ranks);
      return both_ways ? Placement::both_ways(down) : down;
    } catch (const Error& error) {
      throw Error(error.code(), name_ + ": " + error.what(), error.detail());
    }
  }

  std::string name_;
  int rows_ = 0;            // one per rank
  std::vector<int> lines_;  // of the file, for each
  std::vector<Cell> cells_;
};

}  // namespace

Schedule schedule_from_csv(std::string_view text, const std::string& name, int ranks) {
  const Table table(text, name, ranks);
  const Schedule schedule = table.schedule();
  try {
    validate(schedule);
  } catch (const Error& error) {
    throw Error(error.code(), name + ": " + error.what(), error.detail());
  }
  table.check_messages(schedule);
  return schedule;
}

Schedule read_csv_schedule(const std::string& path, int ranks) {
  return schedule_from_csv(read_table(path), path, ranks);
}

std::string csv_of(const Schedule& schedule) {
  std::string csv;
  for (const auto& actions : schedule.ranks) {
    bool first = true;
    for (const Action& action : actions) {
      if (!is_compute(action.op)) continue;
      if (!first) csv += ',';
      csv += text_of(action);
      first = false;
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace pipetrain
