#include "schedule/draw/draw_down.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "schedule/draw/text_scale.h"
#include "schedule/simulate/figures.h"

namespace pipetrain {
namespace {

constexpr double kRounding = 1e-9;  // of sums of costs, against the whole step

// The times at which anything begins or ends, in order.
std::vector<double> borders_of(const Timeline& timeline) {
  const double begin = first_start(timeline), tolerance = kRounding * timeline.makespan();
  std::vector<double> times;
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      if (is_drawn(span)) times.insert(times.end(), {span.start - begin, span.end - begin});
    }
  }
  std::ranges::sort(times);
  const auto same = [&](double a, double b) { return b - a <= tolerance; };
  times.erase(std::unique(times.begin(), times.end(), same), times.end());
  return times;
}

// One rank, line by line.
std::vector<std::string> column_of(const Timeline& timeline, std::size_t rank,
                                   const std::vector<double>& borders) {
  const double begin = first_start(timeline), tolerance = kRounding * timeline.makespan();
  const StagePlaces places(timeline);
  const auto line_of = [&](double time) {
    const auto at = std::ranges::lower_bound(borders, time - begin - tolerance);
    return static_cast<std::size_t>(at - borders.begin());
  };
  std::vector<std::string> cells(borders.empty() ? 0 : borders.size() - 1, ".");
  for (const Span& span : timeline.ranks[rank]) {
    if (!is_drawn(span)) continue;
    const std::size_t first = line_of(span.start), end = line_of(span.end);
    for (std::size_t line = first; line < end; ++line) cells[line] = std::string(1, '|');
    if (first < end) cells[first] = label_of(span.action, static_cast<int>(rank), places);
  }
  return cells;
}

void check_size(const Timeline& timeline) {
  constexpr std::size_t kMostSpans = 100'000;
  std::size_t spans = 0;
  for (const auto& rank : timeline.ranks) spans += rank.size();
  if (spans <= kMostSpans) return;
  throw Error(ExitCode::kConfiguration,
              "a drawing of " + std::to_string(spans) +
                  " actions and waits is too large; at most " + std::to_string(kMostSpans) +
                  " are drawn downwards; take fewer microbatches or ranks");
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// Without the spaces at its end.
std::string ended(const std::string& line) {
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string draw_down(const Timeline& timeline, const std::string& time_unit) {
  check_size(timeline);
  const std::vector<double> borders = borders_of(timeline);
  std::vector<std::vector<std::string>> columns;
  std::vector<std::size_t> widths;
  std::vector<std::string> times;
  std::size_t time_width = 0;
  for (const double time : borders) {
    times.push_back(short_number(time).insert(0, 1, 'T'));
    time_width = std::max(time_width, times.back().size() + 2);
  }
  std::string text = padded("", time_width);
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    const std::string name = "rank " + std::to_string(rank);
    columns.push_back(column_of(timeline, rank, borders));
    widths.push_back(name.size() + 2);
    text += padded(name, widths.back());
  }
  text = ended(text);
  for (std::size_t line = 0; line + 1 < borders.size(); ++line) {
    std::string row = padded(times[line], time_width);
    for (std::size_t rank = 0; rank < columns.size(); ++rank) {
      row += padded(columns[rank][line], widths[rank]);
    }
    text += ended(row);
  }
  return text + "\n" + headline(timeline, time_unit) +
         "\ntime runs down: | goes on, . waits; a number behind T is the time\n";
}

}  // namespace pipetrain
