#include "schedule/csv.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

struct Cell {
  Action action;
  int row, column;  // from 1
};

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos;) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

class Table {
 public:
  Table(std::string_view text, std::string name, int ranks) : name_(std::move(name)) {
    std::vector<std::string_view> rows = split(text, '\n');
    while (!rows.empty() && trim(rows.back()).empty()) rows.pop_back();
    for (std::size_t row = 0; row < rows.size(); ++row) parse_row(rows[row], static_cast<int>(row));
    rows_ = static_cast<int>(rows.size());
    if (cells_.empty()) {
      throw Error(ExitCode::kConfiguration,
                  name_ + ": the table is empty; expected one row of actions per rank");
    }
    if (ranks != 0 && rows_ != ranks) {
      throw Error(ExitCode::kConfiguration, name_ + " is a schedule for " + std::to_string(rows_) +
                                                " ranks (one row each), but there are " +
                                                std::to_string(ranks));
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
      if (owner != cell.row - 1) {
        refuse(cell, text_of(cell.action) + " is on the wrong rank: with stages placed in a " +
                         (schedule.placement == Placement::kV ? "V" : "loop") + " stage " +
                         std::to_string(cell.action.stage) + " is in row " +
                         std::to_string(owner + 1));
      }
      schedule.ranks[static_cast<std::size_t>(owner)].push_back(cell.action);
    }
    return schedule;
  }

 private:
  [[noreturn]] void refuse(const Cell& cell, const std::string& why) const {
    throw Error(ExitCode::kConfiguration, name_ + ": row " + std::to_string(cell.row) +
                                              ", column " + std::to_string(cell.column) + ": " +
                                              why);
  }

  void parse_row(std::string_view row, int rank) {
    int column = 0;
    for (std::string_view cell : split(row, ',')) {
      ++column;
      cell = trim(cell);
      constexpr std::string_view kPairEnd = ")OVERLAP_F_B";
      if (cell.starts_with('(') && cell.ends_with(kPairEnd)) {
        cell.remove_prefix(1);
        cell.remove_suffix(kPairEnd.size());
        for (std::string_view part : split(cell, ';')) parse_action_at(part, rank + 1, column);
      } else if (!cell.empty()) {
        parse_action_at(cell, rank + 1, column);
      }
    }
  }

  void parse_action_at(std::string_view text, int row, int column) {
    const std::optional<Action> action = parse_action(trim(text));
    if (!action || !is_compute(action->op) || action->op == Op::kRecompute) {
      refuse({{}, row, column}, "found '" + std::string(text) +
                                    "', expected <stage><F|I|W|B><microbatch>, such as 2F0");
    }
    cells_.push_back({*action, row, column});
  }

  template <class Key>
  const Cell& largest(Key key) const {
    return *std::max_element(cells_.begin(), cells_.end(), [&](const Cell& a, const Cell& b) {
      return key(a.action) < key(b.action);
    });
  }

  int stage_count() const {
    const int actions = static_cast<int>(cells_.size());
    for (const Cell& cell : cells_) {
      if (cell.action.stage < actions && cell.action.microbatch < actions) continue;
      refuse(cell, text_of(cell.action) + " in a table of " + std::to_string(actions) + " actions");
    }
    const Cell& last = largest([](const Action& a) { return a.stage; });
    const int stages = last.action.stage + 1;
    if (stages % rows_ == 0) return stages;
    refuse(last, text_of(last.action) + " makes " + std::to_string(stages) +
                     " stages, which do not divide over " + std::to_string(rows_) +
                     " rows (one per rank); is a row missing?");
  }

  // The first stage of the second lap tells: on the first rank, or on the last.
  Placement placement(int stages) const {
    if (stages == rows_ || rows_ == 1) return Placement::kLoop;
    for (const Cell& cell : cells_) {
      if (cell.action.stage == rows_) return cell.row == rows_ ? Placement::kV : Placement::kLoop;
    }
    return Placement::kLoop;
  }

  std::string name_;
  int rows_ = 0;
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
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) throw Error(ExitCode::kConfiguration, system_reason(path));
  return schedule_from_csv(text.str(), path, ranks);
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
