// metrics.csv: the lines of metrics.jsonl as one table, for spreadsheets. It must not know what the
// figures mean.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/append_file.h"

namespace pipetrain {

// One figure of a line: a column's name and its text. A list has a column for each entry, numbered
// from 0: `peak_bytes.0`.
struct MetricsCell {
  std::string column, text;
};
std::vector<MetricsCell> metrics_cells(const nlohmann::ordered_json& line);

// A table of lines of JSON: a row of names, then a row for each line. Columns come in the order in
// which they first appear, and a cell is empty where a line does not have it. What is no JSON
// object is left out. RFC 4180, with a line feed at each row's end.
std::string metrics_csv(std::string_view lines, std::vector<std::string>& columns);

class MetricsTable {
 public:
  // The table at `path` of what is in `lines_path`, a metrics.jsonl. Error(kConfiguration), here
  // and below, if it cannot be written.
  MetricsTable(const std::string& path, std::string lines_path);

  // A row for the line that metrics.jsonl has just got. One with a new figure makes the table anew.
  void add(const nlohmann::ordered_json& line);
  void sync() { file_.sync(); }

 private:
  AppendFile file_;
  std::string lines_path_;
  std::vector<std::string> columns_;
};

}  // namespace pipetrain
