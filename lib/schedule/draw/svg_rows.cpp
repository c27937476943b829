#include "schedule/draw/svg_rows.h"

#include <algorithm>
#include <cstddef>

#include "schedule/draw/svg_parts.h"
#include "schedule/simulate/figures.h"

namespace pipetrain::svg {
namespace {

class Rows {
 public:
  Rows(const Timeline& timeline, const TimeWindow& window)
      : timeline_(timeline),
        window_(window),
        begin_(first_start(timeline)),
        ranks_(static_cast<int>(timeline.ranks.size())),
        places_(timeline) {}

  std::string draw() {
    const double end = window_.x_of(timeline_.makespan());
    for (int rank = 0; rank < ranks_; ++rank) {
      const double top = rank * window_.row_pitch;
      if (end > 0) {
        body_ += rectangle(0, top, std::min(end, window_.width), window_.row_height, "idle");
      }
      for (const Span& span : timeline_.ranks[static_cast<std::size_t>(rank)]) {
        if (svg::is_drawn(span)) draw_action(span, rank, top);
      }
    }
    if (has_backward(timeline_)) draw_phase_edges();
    return "<svg width=\"" + number(window_.width) + "\" height=\"" +
           number(window_.height(timeline_)) + "\">\n" + body_ + "</svg>\n";
  }

 private:
  void draw_action(const Span& span, int rank, double top) {
    const double x = window_.x_of(span.start - begin_), end = window_.x_of(span.end - begin_);
    if (end <= 0 || x >= window_.width) return;
    const double height = window_.row_height, width = end - x;
    const bool numbered = window_.number_width > 0;
    const std::string shade = std::to_string(span.action.microbatch % kShades);
    if (numbered) {
      body_ += "<g><title>" + text_of(span.action) + ": " + short_number(span.start - begin_) +
               " to " + short_number(span.end - begin_) + "</title>";
    }
    body_ += rectangle(
        x, top, width, height,
        (numbered ? "box " : "") + std::string(look_of(span.action.op).css_class) + shade);
    const int place = is_of_piece(span.action.op) ? 0 : places_.of(rank, span.action.stage);
    if (place > 0) {
      const double foot = height * 0.32 * place / (window_.virtual_stages - 1);
      body_ += rectangle(x, top + height - foot, width, foot, "foot");
    }
    if (!numbered) return;
    const double left = std::max(x, 0.0), right = std::min(end, window_.width);  // what is seen
    if (right - left >= window_.number_width) {
      body_ += text_at((left + right) / 2, top + height * (place > 0 ? 0.55 : 0.67), "n",
                       std::to_string(span.action.microbatch));
    }
    body_ += "</g>\n";
  }

  // A line down the ranks where each one's warm-up ends, another where its cool-down begins.
  void draw_phase_edges() {
    std::string warmup_edge, cooldown_edge;
    for (int rank = 0; rank < ranks_; ++rank) {
      const Phases phases = phases_of(timeline_, rank);
      const double top = rank * window_.row_pitch;
      const auto extend = [&](std::string& edge, double time) {
        const std::string x = number(window_.x_of(time - begin_));
        edge += (edge.empty() ? "M" : "L") + x + " " + number(top) + "L" + x + " " +
                number(top + window_.row_pitch);
      };
      extend(warmup_edge, phases.warmup_end);
      extend(cooldown_edge, phases.cooldown_start);
    }
    body_ += "<path class=\"edge\" d=\"" + warmup_edge + "\"/>\n";
    if (cooldown_edge != warmup_edge) {
      body_ += "<path class=\"edge\" d=\"" + cooldown_edge + "\"/>\n";
    }
  }

  const Timeline& timeline_;
  const TimeWindow& window_;
  double begin_;
  int ranks_;
  StagePlaces places_;
  std::string body_;
};

}  // namespace

std::string rows_of(const Timeline& timeline, const TimeWindow& window) {
  return Rows(timeline, window).draw();
}

std::vector<Label> phase_labels(const Timeline& timeline, const TimeWindow& window) {
  std::vector<Label> labels;
  if (!has_backward(timeline)) return labels;
  const double begin = first_start(timeline);
  const Phases phases = phases_of(timeline, 0);
  const auto add = [&](double from, double to, const std::string& text) {
    const double left = std::max(window.x_of(from), 0.0);
    const double right = std::min(window.x_of(to), window.width);
    if (right - left >= 7.0 * static_cast<double>(text.size())) {
      labels.push_back({(left + right) / 2, text});
    }
  };
  add(0, phases.warmup_end - begin, "warm-up");
  add(phases.warmup_end - begin, phases.cooldown_start - begin, "steady");
  add(phases.cooldown_start - begin, timeline.makespan(), "cool-down");
  return labels;
}

}  // namespace pipetrain::svg
