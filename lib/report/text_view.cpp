#include "report/text_view.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

// At most so many characters, none of which a terminal obeys.
std::string fitted(std::string_view text, int columns) {
  std::string out;
  int used = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool goes_on = (byte & 0xC0) == 0x80;
    if (!goes_on && ++used > columns) break;
    out += byte < ' ' || byte == 0x7F ? '?' : c;
  }
  return out;
}

// A number that stands in the column's last line that has one; NaN: none.
double last_of(const Json& metrics, const char* key) {
  const auto column = metrics.find(key);
  if (column == metrics.end() || !column->is_array()) return NAN;
  for (std::size_t i = column->size(); i-- > 0;) {
    if ((*column)[i].is_number()) return (*column)[i].get<double>();
  }
  return NAN;
}

double steps_of(const Json& run) {
  const Json& record = run["record"];
  const bool known = record.is_object() && record.contains("steps") && record["steps"].is_number();
  return known ? record["steps"].get<double>() : NAN;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, seconds));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return whole >= 60 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                     : fmt::format("{} s", whole);
}

std::string progress_line(const Json& run, int columns) {
  const Json& metrics = run["metrics"];
  const double step = last_of(metrics, "step"), steps = steps_of(run);
  if (std::isnan(step)) return "no line of metrics yet";
  if (std::isnan(steps) || steps <= 0) return fmt::format("step {:.0f}", step);
  const double share = std::clamp(step / steps, 0.0, 1.0);
  std::string text = fmt::format(" step {:.0f} of {:.0f}, {:.0f}%", step, steps, 100 * share);
  const double left = (steps - step) * last_of(metrics, "step_seconds");
  if (run["state"] == "running" && left > 0) text += ", about " + duration(left) + " left";
  const int width = std::max(4, columns - static_cast<int>(text.size()) - 2);
  const int full = static_cast<int>(share * width);
  return "[" + std::string(static_cast<std::size_t>(full), '=') +
         std::string(static_cast<std::size_t>(width - full), ' ') + "]" + text;
}

// Those that have room, whole.
std::string figures_line(const Json& metrics, int columns) {
  std::string text;
  const auto add = [&](const char* name, const char* key, const char* form, double factor = 1) {
    const double value = last_of(metrics, key);
    if (std::isnan(value)) return;
    const std::string figure = (text.empty() ? "" : "   ") + std::string(name) + " " +
                               fmt::format(fmt::runtime(form), factor * value);
    if (text.size() + figure.size() <= static_cast<std::size_t>(columns)) text += figure;
  };
  add("loss", "loss", "{:.4f}");
  add("validation", "val_loss", "{:.4f}");
  add("accuracy", "val_accuracy", "{:.2f}%", 100);
  add("tokens/s", "tokens_per_second", "{:.0f}");
  add("samples/s", "samples_per_second", "{:.1f}");
  add("step", "step_seconds", "{:.3g} s");
  add("bubble", "bubble_fraction", "{:.1f}%", 100);
  add("predicted", "bubble_predicted", "{:.1f}%", 100);
  add("gradient", "grad_norm", "{:.3g}");
  add("rate", "learning_rate", "{:.3g}");
  return text;
}

struct Range {
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// Of training '*', of validation 'o', over steps.
Lines loss_plot(const Json& metrics, int columns, int height) {
  constexpr int kLabel = 10;
  const int width = columns - kLabel - 1;
  if (width < 20 || height < 4 || !metrics.contains("loss")) return {};
  Range steps, losses;
  constexpr std::array<std::pair<const char*, char>, 2> kCurves{{{"loss", '*'}, {"val_loss", 'o'}}};
  const auto each = [&](const auto& visit) {
    for (const auto& [key, mark] : kCurves) {
      const auto column = metrics.find(key);
      for (std::size_t i = 0; column != metrics.end() && i < column->size(); ++i) {
        const Json &step = metrics["step"][i], &value = (*column)[i];
        if (step.is_number() && value.is_number()) {
          visit(step.get<double>(), value.get<double>(), mark);
        }
      }
    }
  };
  each([&](double step, double loss, char) {
    steps.add(step);
    losses.add(loss);
  });
  if (losses.low > losses.high) return {};
  Lines grid(static_cast<std::size_t>(height), std::string(static_cast<std::size_t>(width), ' '));
  const auto place = [](double value, const Range& range, int most) {
    const double span = range.high > range.low ? range.high - range.low : 1;
    return static_cast<std::size_t>(std::lround((value - range.low) / span * (most - 1)));
  };
  each([&](double step, double loss, char mark) {
    const std::size_t up = place(loss, losses, height);
    grid[static_cast<std::size_t>(height) - 1 - up][place(step, steps, width)] = mark;
  });
  Lines lines = {"loss over steps: * training, o validation"};
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const std::string label = i == 0                 ? fmt::format("{:.4g}", losses.high)
                              : i + 1 == grid.size() ? fmt::format("{:.4g}", losses.low)
                                                     : "";
    lines.push_back(fmt::format("{:>{}} |", label, kLabel - 1) + grid[i]);
  }
  return lines;
}

Lines rank_lines(const Json& run, std::size_t most) {
  const Json peaks = run["metrics"].value("peak_bytes", Json::array());
  const Json ranks =
      run["record"].is_object() ? run["record"].value("ranks", Json::array()) : Json::array();
  Lines lines;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (lines.size() + 1 >= most && ranks.size() > most) {
      lines.push_back(fmt::format("... and {} more ranks", ranks.size() - r));
      break;
    }
    std::string line = fmt::format("rank {:>3}  stages {}  on {}", r,
                                   ranks[r].value("stages", Json::array()).dump(),
                                   ranks[r].value("host", std::string("?")));
    if (peaks.is_array() && r < peaks.size() && peaks[r].is_number()) {
      line += fmt::format("  tensors {:.1f} MB", peaks[r].get<double>() / 1e6);
    }
    lines.push_back(line);
  }
  return lines;
}

Lines last_lines(const std::string& text, std::size_t most) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.size() > most)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  return lines;
}

}  // namespace

Lines text_view(const Json& run, const TextSize& size) {
  const int columns = std::max(20, size.columns);
  const auto height = static_cast<std::size_t>(std::max(6, size.lines));
  Lines lines = {run["name"].get<std::string>() + "   " + run["state"].get<std::string>(),
                 progress_line(run, columns), figures_line(run["metrics"], columns)};
  const auto add = [&](const Lines& more) { lines.insert(lines.end(), more.begin(), more.end()); };
  if (run["record"].is_object() && run["record"].contains("error")) {
    lines.push_back("error: " + run["record"]["error"].get<std::string>());
  }
  lines.emplace_back();
  add(loss_plot(run["metrics"], columns, static_cast<int>(height) / 3));
  add(rank_lines(run, height / 4));
  if (lines.size() + 3 < height) {
    lines.emplace_back("the log:");
    add(last_lines(run["log"].get<std::string>(), height - lines.size()));
  }
  lines.resize(std::min(lines.size(), height));
  for (std::string& line : lines) line = fitted(line, columns);
  return lines;
}

}  // namespace pipetrain
