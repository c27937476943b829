#include "report/curves/text_curve.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>

#include "report/curves/metrics_lines.h"

namespace pipetrain {
namespace {

class Plot {
 public:
  Plot(const std::vector<PlotPoint>& curve, const std::vector<PlotPoint>& marks, int columns,
       int rows)
      : columns_(columns), grid_(static_cast<std::size_t>(rows)) {
    for (std::string& row : grid_) row.assign(static_cast<std::size_t>(columns), ' ');
    for (const auto* points : {&curve, &marks}) {
      for (const PlotPoint& point : *points) widen(point);
    }
    add_means(curve);
    for (const PlotPoint& mark : marks) put(column(mark.step), mark.value, 'o');
  }

  std::string text() const {
    const std::size_t middle = grid_.size() / 2;
    std::string text;
    for (std::size_t r = 0; r < grid_.size(); ++r) {
      const bool labelled = r == 0 || r == middle || r + 1 == grid_.size();
      const double share = static_cast<double>(r) / static_cast<double>(grid_.size() - 1);
      const std::string label =
          labelled ? fmt::format("{:>9.4g}", high_ - share * (high_ - low_)) : "";
      const std::string& row = grid_[r];
      text += fmt::format("{:>9} |{}\n", label, row.substr(0, row.find_last_not_of(' ') + 1));
    }
    const std::string first = fmt::format("step {:.0f}", first_),
                      last = fmt::format("{:.0f}", last_);
    const auto width = static_cast<std::size_t>(columns_);
    return text + fmt::format("{:>9} +{}\n{:>9}  {}{:>{}}\n", "", std::string(width, '-'), "",
                              first, last, width - std::min(width, first.size()));
  }

 private:
  void widen(const PlotPoint& point) {
    first_ = std::min(first_, point.step);
    last_ = std::max(last_, point.step);
    low_ = std::min(low_, point.value);
    high_ = std::max(high_, point.value);
  }

  std::size_t column(double step) const {
    const double share = last_ > first_ ? (step - first_) / (last_ - first_) : 0;
    return static_cast<std::size_t>(std::lround(share * (columns_ - 1)));
  }

  void add_means(const std::vector<PlotPoint>& curve) {
    std::vector<double> sums(static_cast<std::size_t>(columns_)), counts(sums.size());
    for (const PlotPoint& point : curve) {
      sums[column(point.step)] += point.value;
      ++counts[column(point.step)];
    }
    for (std::size_t c = 0; c < sums.size(); ++c) {
      if (counts[c] > 0) put(c, sums[c] / counts[c], '*');
    }
  }

  void put(std::size_t column, double value, char sign) {
    const double share = high_ > low_ ? (high_ - value) / (high_ - low_) : 0.5;
    const double row = share * static_cast<double>(grid_.size() - 1);
    grid_[static_cast<std::size_t>(std::lround(row))][column] = sign;
  }

  int columns_;
  std::vector<std::string> grid_;
  double first_ = std::numeric_limits<double>::max(), last_ = -first_, low_ = first_, high_ = -low_;
};

}  // namespace

std::vector<PlotPoint> curve_points(std::string_view lines, std::string_view key) {
  std::vector<PlotPoint> points;
  for_each_metrics_line(lines, [&](const nlohmann::ordered_json& line) {
    const auto step = line.find("step"), value = line.find(key);
    const bool known = step != line.end() && step->is_number() && value != line.end() &&
                       value->is_number() && std::isfinite(value->get<double>());
    if (known) points.push_back({step->get<double>(), value->get<double>()});
  });
  return points;
}

std::string text_curve(const std::vector<PlotPoint>& curve, const std::vector<PlotPoint>& marks,
                       int columns, int rows) {
  if (curve.size() < 2) return "";
  const std::string signs = marks.empty() ? "loss" : "loss (*) and validation loss (o)";
  return signs + "\n" + Plot(curve, marks, columns, rows).text();
}

std::string loss_curve(const std::string& run_directory) {
  const std::string lines = metrics_text(run_directory + "/metrics.jsonl");
  return text_curve(curve_points(lines, "loss"), curve_points(lines, "val_loss"));
}

}  // namespace pipetrain
