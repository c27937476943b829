#include "report/curves/metrics_csv.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "report/curves/metrics_lines.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

// Quoted where a comma, a quote or an end of line would end the cell.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void add_cells(const std::string& column, const Json& value, std::vector<MetricsCell>& cells) {
  const auto add_parts = [&](const auto& parts) {
    for (const auto& [key, part] : parts.items()) {
      add_cells(column.empty() ? key : column + "." + key, part, cells);
    }
  };
  if (value.is_structured()) return add_parts(value);
  const bool missing =
      value.is_null() || (value.is_number_float() && !std::isfinite(value.get<double>()));
  if (missing) return cells.push_back({column, ""});  // what JSON writes as null
  const bool is_text = value.is_string();
  cells.push_back({column, is_text ? value.get<std::string>() : value.dump()});
}

std::string row_of(const std::vector<MetricsCell>& cells, const std::vector<std::string>& columns) {
  std::string row;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto found = std::ranges::find(cells, columns[c], &MetricsCell::column);
    if (c > 0) row += ',';
    if (found != cells.end()) row += csv_cell(found->text);
  }
  return row + '\n';
}

}  // namespace

std::vector<MetricsCell> metrics_cells(const Json& line) {
  std::vector<MetricsCell> cells;
  add_cells("", line, cells);
  return cells;
}

std::string metrics_csv(std::string_view lines, std::vector<std::string>& columns) {
  columns.clear();
  std::vector<std::vector<MetricsCell>> rows;
  for_each_metrics_line(lines, [&](const Json& line) {
    rows.push_back(metrics_cells(line));
    for (const MetricsCell& cell : rows.back()) {
      const bool known = std::ranges::find(columns, cell.column) != columns.end();
      if (!known) columns.push_back(cell.column);
    }
  });
  std::string text;
  for (const std::string& column : columns) text += (text.empty() ? "" : ",") + csv_cell(column);
  if (!text.empty()) text += '\n';
  for (const auto& row : rows) text += row_of(row, columns);
  return text;
}

MetricsTable::MetricsTable(const std::string& path, std::string lines_path)
    : file_(path, "train.output"), lines_path_(std::move(lines_path)) {
  file_.replace(metrics_csv(metrics_text(lines_path_), columns_));
}

void MetricsTable::add(const Json& line) {
  const std::vector<MetricsCell> cells = metrics_cells(line);
  const bool all_known = std::ranges::all_of(cells, [&](const MetricsCell& cell) {
    return std::ranges::find(columns_, cell.column) != columns_.end();
  });
  if (all_known) return file_.append(row_of(cells, columns_));
  const std::string lines = metrics_text(lines_path_);
  file_.replace(metrics_csv(lines.empty() ? line.dump() : lines, columns_));
}

}  // namespace pipetrain
