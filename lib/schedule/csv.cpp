#include "schedule/csv.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/marked_grid.h"
#include "schedule/table_file.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

struct Cell {
  Action action;
  int rank;
  int row, column;  // of the file, from 1; blank rows are no ranks, but count
};

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

  Schedule schedule() const {
    Schedule schedule;
    const int stages = stage_count();
    schedule.virtual_stages = stages / rows_;
    schedule.microbatches =
        1 + largest([](const Action& a) { return a.microbatch; }).action.microbatch;
    schedule.placement = placement(stages);
    schedule.ranks.resize(static_cast<std::size_t>(rows_));
    for (const Cell& cell : cells_) {
      const int owner = rank_of_stage(schedule, cell.action.stage);
      if (owner != cell.rank) {
        refuse(cell, text_of(cell.action) + " is on the wrong rank: with stages placed in a " +
                         (schedule.placement == Placement::kV ? "V" : "loop") + " stage " +
                         std::to_string(cell.action.stage) + " is in row " +
                         std::to_string(lines_[static_cast<std::size_t>(owner)]));
      }
      schedule.ranks[static_cast<std::size_t>(owner)].push_back(cell.action);
    }
    return schedule;
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

  std::string grid_around(const Cell& wrong) const {
    std::vector<std::vector<Action>> rows(static_cast<std::size_t>(rows_));
    std::size_t position = 0;
    for (const Cell& cell : cells_) {
      std::vector<Action>& row = rows[static_cast<std::size_t>(cell.rank)];
      if (&cell == &wrong) position = row.size();
      row.push_back(cell.action);
    }
    return marked_grid(rows, wrong.rank, position);
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
    if (!action || !is_compute(action->op) || action->op == Op::kRecompute) {
      refuse(row, column,
             "found '" + printable(content_of(text)) +
                 "', expected <stage><F|I|W|B><microbatch>, such as 2F0, between commas" +
                 (action ? "; leave it out: it follows from the others" : ""));
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

  int stage_count() const {
    const Cell& last = largest([](const Action& a) { return a.stage; });
    const Cell& last_microbatch = largest([](const Action& a) { return a.microbatch; });
    check_fill(last, last_microbatch);
    const int stages = last.action.stage + 1;
    if (stages % rows_ == 0) return stages;
    refuse(last, text_of(last.action) + " makes " + std::to_string(stages) +
                     " stages, which do not divide over " + std::to_string(rows_) +
                     " rows (one per rank); is a row missing?");
  }

  // A wrong number must not make a table of gigabytes: a small one is left to validate(), which
  // shows what is missing.
  void check_fill(const Cell& last_stage, const Cell& last_microbatch) const {
    constexpr double kSmall = 1e5;
    const double stages = 1.0 + last_stage.action.stage;
    const double microbatches = 1.0 + last_microbatch.action.microbatch;
    const double needed = 2 * stages * microbatches;  // F and B
    const double found = static_cast<double>(cells_.size());
    if (needed <= std::max(2 * found, kSmall)) return;
    const Cell& cell = stages > microbatches ? last_stage : last_microbatch;
    refuse(cell, text_of(cell.action) + " in a table of " + std::to_string(cells_.size()) +
                     " actions; up to that stage and microbatch it would have " +
                     std::to_string(static_cast<long long>(needed)) + " or more");
  }

  // The first stage of the second lap tells: on the first rank, or on the last.
  Placement placement(int stages) const {
    if (stages == rows_ || rows_ == 1) return Placement::kLoop;
    for (const Cell& cell : cells_) {
      if (cell.action.stage == rows_) {
        return cell.rank == rows_ - 1 ? Placement::kV : Placement::kLoop;
      }
    }
    return Placement::kLoop;
  }

  std::string name_;
  int rows_ = 0;            // one per rank
  std::vector<int> lines_;  // of the file, for each
  std::vector<Cell> cells_;
};

}  // namespace

Schedule schedule_from_csv(std::string_view text, const std::string& name, int ranks) {
  const Schedule schedule = Table(text, name, ranks).schedule();
  try {
    validate(schedule);
  } catch (const Error& error) {
    throw Error(error.code(), name + ": " + error.what(), error.detail());
  }
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
