#include "schedule/draw/draw_svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "schedule/draw/svg_parts.h"
#include "schedule/draw/svg_rows.h"
#include "schedule/simulate/figures.h"

namespace pipetrain {
namespace {

using svg::number, svg::rectangle, svg::text_at, svg::kShades, svg::TimeWindow;

constexpr double kLeft = 70, kRight = 150, kTop = 16;
constexpr double kTitleHeight = 24, kRemarkHeight = 18, kPhaseHeight = 20, kAxisHeight = 40;
constexpr double kLegendRow = 30;
constexpr double kLeastWidth = 900, kMostWidth = 1300;  // of the time axis
constexpr int kMostLines = 12;                          // beyond it numbers are left out
constexpr double kDigitWidth = 6.2;
constexpr std::size_t kMostSpans = 200'000;  // of all panels: a file of some 40 MB

class SvgDrawing {
 public:
  SvgDrawing(const std::vector<SvgPanel>& panels, std::string time_unit)
      : panels_(panels), time_unit_(std::move(time_unit)) {
    double shortest = 0;
    std::size_t digits = 1;
    for (const SvgPanel& panel : panels) {
      longest_ = std::max(longest_, panel.timeline->makespan());
      virtual_stages_ = std::max(virtual_stages_, StagePlaces(*panel.timeline).most());
      digits = std::max(digits, std::to_string(microbatches_of(*panel.timeline) - 1).size());
      for (const auto& spans : panel.timeline->ranks) note_shortest(spans, shortest);
    }
    if (longest_ <= 0) longest_ = 1;
    const double actions = shortest > 0 ? longest_ / shortest : 1;  // side by side
    number_width_ = static_cast<double>(digits) * kDigitWidth;
    const double full_width = (number_width_ + 2) * actions;
    lines_ =
        static_cast<int>(std::clamp(std::ceil(full_width / kMostWidth), 1.0, 1.0 * kMostLines));
    width_ = std::clamp(full_width / lines_, kLeastWidth, kMostWidth);
  }

  std::string draw() {
    double y = kTop;
    if (lines_ > 1) y = draw_overview(y);
    for (int line = 0; line < lines_; ++line) {
      const TimeWindow window{.from = longest_ * line / lines_,
                              .to = longest_ * (line + 1) / lines_,
                              .width = width_,
                              .number_width = number_width_,
                              .virtual_stages = virtual_stages_};
      for (const SvgPanel& panel : panels_) y = draw_panel(panel, window, y);
      y = draw_axis(window, y);
    }
    y = draw_legend(y);
    const std::string full_width = number(kLeft + width_ + kRight), height = number(y);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + full_width + "\" height=\"" +
           height + "\" viewBox=\"0 0 " + full_width + " " + height + "\">\n" + svg::style_sheet() +
           "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + body_ + "</svg>\n";
  }

 private:
  // Actions that take next to nothing do not set the scale: the shortest of at least a third of the
  // mean.
  static void note_shortest(const std::vector<Span>& spans, double& shortest) {
    double sum = 0, count = 0;
    for (const Span& span : spans) {
      if (!svg::is_drawn(span)) continue;
      sum += span.end - span.start;
      ++count;
    }
    for (const Span& span : spans) {
      const double duration = span.end - span.start;
      if (!svg::is_drawn(span) || duration < sum / count / 3) continue;
      shortest = shortest > 0 ? std::min(shortest, duration) : duration;
    }
  }

  // The whole step in thin rows, before the lines that it is cut into.
  double draw_overview(double y) {
    const TimeWindow window{.from = 0,
                            .to = longest_,
                            .width = width_,
                            .row_height = 7,
                            .row_pitch = 8,
                            .virtual_stages = virtual_stages_};
    for (const SvgPanel& panel : panels_) {
      const int ranks = static_cast<int>(panel.timeline->ranks.size());
      y = draw_title(panel, y);
      draw_phase_labels(panel, window, y + 14);
      y += kPhaseHeight;
      body_ += text_at(kLeft - 10, y + 7, "rank", "rank 0");
      if (ranks > 2) {
        body_ += text_at(kLeft - 10, y + window.row_pitch * ranks - 1, "rank",
                         "rank " + std::to_string(ranks - 1));
      }
      y = place_rows(panel, window, y);
    }
    return draw_axis(window, y);
  }

  double draw_title(const SvgPanel& panel, double y) {
    body_ += text_at(kLeft, y + 14, "title", panel.title);
    body_ += text_at(kLeft + 8.2 * static_cast<double>(panel.title.size()) + 20, y + 14, "",
                     headline(*panel.timeline, time_unit_));
    if (panel.remark.empty()) return y + kTitleHeight;
    body_ += text_at(kLeft, y + kTitleHeight + 8, "small", panel.remark);
    return y + kTitleHeight + kRemarkHeight;
  }

  double draw_panel(const SvgPanel& panel, const TimeWindow& window, double y) {
    const Timeline& timeline = *panel.timeline;
    if (lines_ == 1) {
      y = draw_title(panel, y);
    } else if (panels_.size() > 1) {
      body_ += text_at(kLeft, y + 10, "", panel.title);
      y += 12;
    }
    draw_phase_labels(panel, window, y + 14);
    const bool first_line = window.from <= 0;
    if (first_line) {
      body_ += text_at(kLeft + width_ + 10, y + 14, "small", "bubble");
      body_ += text_at(kLeft + width_ + 66, y + 14, "small", "peak live");
    }
    y += kPhaseHeight;
    for (int rank = 0; rank < static_cast<int>(timeline.ranks.size()); ++rank) {
      const double middle = y + rank * window.row_pitch + 15;
      body_ += text_at(kLeft - 10, middle, "rank", "rank " + std::to_string(rank));
      if (first_line) draw_rank_figures(timeline, rank, middle);
    }
    return place_rows(panel, window, y);
  }

  void draw_phase_labels(const SvgPanel& panel, const TimeWindow& window, double y) {
    for (const svg::Label& label : svg::phase_labels(*panel.timeline, window)) {
      body_ += text_at(kLeft + label.x, y, "phase", label.text);
    }
  }

  double place_rows(const SvgPanel& panel, const TimeWindow& window, double y) {
    body_ += "<g transform=\"translate(" + number(kLeft) + " " + number(y) + ")\">\n" +
             svg::rows_of(*panel.timeline, window) + "</g>\n";
    return y + window.height(*panel.timeline) + 10;
  }

  void draw_rank_figures(const Timeline& timeline, int rank, double y) {
    const double makespan = timeline.makespan();
    std::array<char, 16> percent{};
    std::snprintf(percent.data(), percent.size(), "%.1f%%",
                  makespan > 0 ? 100 * (1 - timeline.busy(rank) / makespan) : 0);
    body_ += text_at(kLeft + width_ + 10, y, "small", percent.data());
    if (static_cast<std::size_t>(rank) < timeline.peak_live_microbatches.size()) {
      body_ +=
          text_at(kLeft + width_ + 66, y, "small",
                  short_number(timeline.peak_live_microbatches[static_cast<std::size_t>(rank)]));
    }
  }

  double draw_axis(const TimeWindow& window, double y) {
    body_ += "<path class=\"axis\" d=\"M" + number(kLeft) + " " + number(y) + "H" +
             number(kLeft + width_) + "\"/>\n";
    const double step = round_step(window.to - window.from, static_cast<int>(width_ / 60));
    for (double i = std::floor(window.from / step + 1 - 1e-6); i * step <= window.to + step * 1e-4;
         ++i) {
      const double x = kLeft + window.x_of(i * step);
      body_ += "<path class=\"axis\" d=\"M" + number(x) + " " + number(y) + "v5\"/>\n";
      body_ += text_at(x, y + 18, "tick", short_number(i * step));
    }
    body_ += text_at(kLeft + width_ + 24, y + 18, "small",
                     time_unit_.empty() ? "time" : "time, " + time_unit_);
    return y + kAxisHeight;
  }

  double draw_legend(double y) {
    double x = kLeft;
    const auto entry = [&](std::string_view text) {
      body_ += text_at(x, y + 15, "", text);
      x += 5.7 * static_cast<double>(text.size()) + 22;
    };
    constexpr double kHeight = 22;
    for (const svg::OpLook& look : svg::kLooks) {
      if (!appears(look.op)) continue;
      for (int shade = 0; shade < kShades; ++shade, x += 12) {
        body_ += rectangle(x, y, 12, kHeight, std::string(look.css_class) + std::to_string(shade));
      }
      x += 6;
      entry(std::string(look.css_class) + " " + std::string(look.name));
    }
    body_ += rectangle(x, y, 24, kHeight, "idle");
    x += 30;
    entry("idle");
    if (virtual_stages_ > 1) {
      body_ += rectangle(x, y, 24, kHeight, "F1") + rectangle(x, y + kHeight - 7, 24, 7, "foot");
      x += 30;
      entry(virtual_stages_ > 2 ? "higher bar: later stage of the rank"
                                : "bar: second stage of the rank");
    }
    entry("number and shade: microbatch");
    y += kLegendRow;
    std::string words;
    if (appears(Op::kBackwardInput) || appears(Op::kBackward)) {
      words = "warm-up: to a rank's first backward; cool-down: from its last forward; ";
    }
    words += "peak live: most microbatches that a rank keeps at once, in shares of its stages";
    body_ += text_at(kLeft, y + 8, "small", words);
    return y + kLegendRow;
  }

  bool appears(Op op) const {
    for (const SvgPanel& panel : panels_) {
      for (const auto& spans : panel.timeline->ranks) {
        for (const Span& span : spans) {
          if (svg::is_drawn(span) && span.action.op == op) return true;
        }
      }
    }
    return false;
  }

  const std::vector<SvgPanel>& panels_;
  std::string time_unit_;
  double longest_ = 0, width_ = 0;
  double number_width_ = 0;  // what an action needs to show its microbatch
  int lines_ = 1;            // into which the time axis is cut
  int virtual_stages_ = 1;
  std::string body_;
};

}  // namespace

std::string draw_svg(const std::vector<SvgPanel>& panels, const std::string& time_unit) {
  std::size_t spans = 0;
  for (const SvgPanel& panel : panels) {
    for (const auto& rank : panel.timeline->ranks) spans += rank.size();
  }
  if (spans > kMostSpans) {
    throw Error(ExitCode::kConfiguration, "a picture of " + std::to_string(spans) +
                                              " actions and waits is too large; at most " +
                                              std::to_string(kMostSpans) +
                                              " are drawn; take fewer microbatches or ranks");
  }
  return SvgDrawing(panels, time_unit).draw();
}

}  // namespace pipetrain
