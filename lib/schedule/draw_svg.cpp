#include "schedule/draw_svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>

#include "schedule/figures.h"
#include "schedule/svg_parts.h"

namespace pipetrain {
namespace {

using svg::number, svg::rectangle, svg::text_at, svg::kShades;

constexpr double kLeft = 70, kRight = 150, kTop = 16;
constexpr double kRowHeight = 22, kRowPitch = 25;
constexpr double kTitleHeight = 24, kPhaseHeight = 20, kAxisHeight = 34, kLegendHeight = 44;
constexpr double kLeastWidth = 900, kMostWidth = 3200;  // of the time axis
constexpr double kUprightMostWidth = 1600;              // beyond it the numbers in actions lie down
constexpr double kDigitWidth = 6.2, kDigitHeight = 8;

class SvgDrawing {
 public:
  SvgDrawing(const std::vector<SvgPanel>& panels, std::string time_unit)
      : panels_(panels), time_unit_(std::move(time_unit)) {
    double shortest = 0;
    std::size_t digits = 1;
    for (const SvgPanel& panel : panels) {
      longest_ = std::max(longest_, panel.timeline->makespan());
      virtual_stages_ = std::max(virtual_stages_, virtual_stages_of(*panel.timeline));
      digits = std::max(digits, std::to_string(microbatches_of(*panel.timeline) - 1).size());
      for (const auto& spans : panel.timeline->ranks) note_shortest(spans, shortest);
    }
    if (longest_ <= 0) longest_ = 1;
    const double actions = shortest > 0 ? longest_ / shortest : 1;  // side by side
    number_width_ = static_cast<double>(digits) * kDigitWidth + 1;
    upright_ = (number_width_ + 2) * actions <= kUprightMostWidth;
    if (!upright_) number_width_ = kDigitHeight;
    width_ = std::clamp((number_width_ + 2) * actions, kLeastWidth, kMostWidth);
  }

  std::string draw() {
    double y = kTop;
    for (const SvgPanel& panel : panels_) y = draw_panel(panel, y);
    y = draw_axis(y);
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
      if (!is_drawn(span)) continue;
      sum += span.end - span.start;
      ++count;
    }
    for (const Span& span : spans) {
      const double duration = span.end - span.start;
      if (!is_drawn(span) || duration < sum / count / 3) continue;
      shortest = shortest > 0 ? std::min(shortest, duration) : duration;
    }
  }

  static bool is_drawn(const Span& span) { return !span.waiting && is_compute(span.action.op); }

  double x_of(double time) const { return kLeft + time / longest_ * width_; }

  double draw_panel(const SvgPanel& panel, double y) {
    const Timeline& timeline = *panel.timeline;
    const int ranks = static_cast<int>(timeline.ranks.size());
    const double begin = first_start(timeline);
    body_ += text_at(kLeft, y + 14, "title", panel.title);
    body_ += text_at(kLeft + 8.5 * static_cast<double>(panel.title.size()) + 24, y + 14, "",
                     headline(timeline, time_unit_));
    const double rows = y + kTitleHeight + kPhaseHeight;
    body_ += text_at(kLeft + width_ + 10, rows - 6, "small", "bubble");
    body_ += text_at(kLeft + width_ + 66, rows - 6, "small", "peak live");
    for (int rank = 0; rank < ranks; ++rank) {
      const double top = rows + rank * kRowPitch;
      body_ += text_at(kLeft - 10, top + 15, "rank", "rank " + std::to_string(rank));
      body_ += rectangle(kLeft, top, x_of(timeline.makespan()) - kLeft, kRowHeight, "idle");
      for (const Span& span : timeline.ranks[static_cast<std::size_t>(rank)]) {
        if (is_drawn(span)) draw_action(span, begin, top, ranks);
      }
      draw_rank_figures(timeline, rank, top + 15);
    }
    draw_phases(timeline, begin, rows);
    return rows + ranks * kRowPitch + 12;
  }

  void draw_action(const Span& span, double begin, double top, int ranks) {
    const double x = x_of(span.start - begin), width = x_of(span.end - begin) - x;
    const svg::OpLook& look = svg::look_of(span.action.op);
    const std::string shade = std::to_string(span.action.microbatch % kShades);
    body_ += "<g><title>" + text_of(span.action) + ": " + short_number(span.start - begin) +
             " to " + short_number(span.end - begin) + "</title>";
    body_ += rectangle(x, top, width, kRowHeight, "box " + std::string(look.css_class) + shade);
    const int lap = span.action.stage / ranks;
    if (lap > 0) {
      const double foot = 7.0 * lap / (virtual_stages_ - 1);
      body_ += rectangle(x, top + kRowHeight - foot, width, foot, "foot");
    }
    if (width >= number_width_ - 0.5) {
      const double middle = top + (lap > 0 ? 8.5 : 11);
      body_ += number_at(x + width / 2, middle, std::to_string(span.action.microbatch));
    }
    body_ += "</g>\n";
  }

  std::string number_at(double x, double y, const std::string& digits) const {
    if (upright_) return text_at(x, y + 3.7, "n", digits);
    return "<text class=\"n\" transform=\"translate(" + number(x + 3.2) + " " + number(y) +
           ")rotate(-90)\">" + digits + "</text>\n";
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

  // A line down the ranks where each one's warm-up ends, another where its cool-down begins, and
  // the names above.
  void draw_phases(const Timeline& timeline, double begin, double rows) {
    const int ranks = static_cast<int>(timeline.ranks.size());
    std::string warmup_edge, cooldown_edge;
    Phases first{}, mean{};
    for (int rank = 0; rank < ranks; ++rank) {
      const Phases phases = phases_of(timeline, rank);
      const double top = rows + rank * kRowPitch - 1.5;
      const auto extend = [&](std::string& edge, double time) {
        const std::string x = number(x_of(time - begin));
        edge += (edge.empty() ? "M" : "L") + x + " " + number(top) + "L" + x + " " +
                number(top + kRowPitch);
      };
      extend(warmup_edge, phases.warmup_end);
      extend(cooldown_edge, phases.cooldown_start);
      if (rank == 0) first = phases;
      mean.warmup_end += (phases.warmup_end - begin) / ranks;
      mean.cooldown_start += (phases.cooldown_start - begin) / ranks;
    }
    body_ += "<path class=\"edge\" d=\"" + warmup_edge + "\"/>\n";
    const bool has_steady = mean.cooldown_start > mean.warmup_end;
    if (has_steady) body_ += "<path class=\"edge\" d=\"" + cooldown_edge + "\"/>\n";
    const double y = rows - 6;
    const double warm = x_of(first.warmup_end - begin), cool = x_of(first.cooldown_start - begin);
    body_ += text_at((kLeft + warm) / 2, y, "phase", "warm-up");
    if (has_steady && cool - warm > 50) body_ += text_at((warm + cool) / 2, y, "phase", "steady");
    body_ += text_at((cool + x_of(timeline.makespan())) / 2, y, "phase", "cool-down");
  }

  double draw_axis(double y) {
    body_ += "<path class=\"axis\" d=\"M" + number(kLeft) + " " + number(y) + "H" +
             number(kLeft + width_) + "\"/>\n";
    const double step = round_step(longest_, static_cast<int>(width_ / 60));
    for (int i = 0; i * step <= longest_ * 1.0001; ++i) {
      const double x = x_of(i * step);
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
      x += 6.1 * static_cast<double>(text.size()) + 18;
    };
    for (const svg::OpLook& look : svg::kLooks) {
      if (!appears(look.op)) continue;
      for (int shade = 0; shade < kShades; ++shade, x += 12) {
        body_ +=
            rectangle(x, y, 12, kRowHeight, std::string(look.css_class) + std::to_string(shade));
      }
      x += 6;
      entry(std::string(look.css_class) + " " + std::string(look.name));
    }
    body_ += rectangle(x, y, 24, kRowHeight, "idle");
    x += 30;
    entry("idle");
    if (virtual_stages_ > 1) {
      body_ +=
          rectangle(x, y, 24, kRowHeight, "F1") + rectangle(x, y + kRowHeight - 7, 24, 7, "foot");
      x += 30;
      entry("later stage of the rank");
    }
    entry("number and shade: microbatch");
    return y + kLegendHeight;
  }

  bool appears(Op op) const {
    for (const SvgPanel& panel : panels_) {
      for (const auto& spans : panel.timeline->ranks) {
        for (const Span& span : spans) {
          if (is_drawn(span) && span.action.op == op) return true;
        }
      }
    }
    return false;
  }

  const std::vector<SvgPanel>& panels_;
  std::string time_unit_;
  double longest_ = 0, width_ = 0;
  double number_width_ = 0;  // what an action needs to show its microbatch
  bool upright_ = true;
  int virtual_stages_ = 1;
  std::string body_;
};

}  // namespace

std::string draw_svg(const std::vector<SvgPanel>& panels, const std::string& time_unit) {
  return SvgDrawing(panels, time_unit).draw();
}

}  // namespace pipetrain
