#include "schedule/draw_text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <vector>

#include "schedule/figures.h"

namespace pipetrain {
namespace {

constexpr char kIdle = '.';

std::string label_of(const Action& action, int ranks, int virtual_stages) {
  std::string text = text_of(action);
  if (virtual_stages > 2) return text;
  text.erase(0, text.find_first_not_of("0123456789"));
  if (action.stage >= ranks) text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

// 256-colour backgrounds, one for each letter, in two shades for even and odd microbatches.
int colour_of(const Action& action) {
  const bool odd = action.microbatch % 2 != 0;
  switch (action.op) {
    case Op::kForward:
      return odd ? 75 : 117;
    case Op::kBackwardInput:
      return odd ? 78 : 157;
    case Op::kBackwardWeight:
      return odd ? 215 : 223;
    case Op::kBackward:
      return odd ? 176 : 219;
    default:
      return odd ? 246 : 252;
  }
}

// One rank over the whole time: a character and a colour for each column.
struct Row {
  std::string text;
  std::vector<int> colours;  // 0: none
};

// Columns per unit of time: an action of median length holds its label.
double columns_per_time(const Timeline& timeline, std::size_t label_width) {
  std::vector<double> durations;
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      if (!span.waiting && is_compute(span.action.op) && span.end > span.start) {
        durations.push_back(span.end - span.start);
      }
    }
  }
  if (durations.empty()) return 1;
  const auto median = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), median, durations.end());
  return static_cast<double>(label_width) / *median;
}

class TextDrawing {
 public:
  TextDrawing(const Timeline& timeline, const TextStyle& style)
      : timeline_(timeline),
        style_(style),
        ranks_(static_cast<int>(timeline.ranks.size())),
        virtual_stages_(virtual_stages_of(timeline)),
        begin_(first_start(timeline)) {
    for (const auto& spans : timeline.ranks) {
      for (const Span& span : spans) {
        if (!is_compute(span.action.op)) continue;
        label_width_ =
            std::max(label_width_, label_of(span.action, ranks_, virtual_stages_).size());
      }
    }
    scale_ = columns_per_time(timeline, label_width_);
    width_ = column(begin_ + timeline.makespan());
    for (const auto& spans : timeline.ranks) rows_.push_back(draw_row(spans));
  }

  std::string draw() const {
    const std::size_t margin = std::to_string(ranks_ - 1).size() + 6;  // "rank N "
    std::size_t room =
        static_cast<std::size_t>(std::max(style_.columns - static_cast<int>(margin), 20));
    room -= room % label_width_;
    std::string text;
    for (std::size_t first = 0; first < width_; first += room) {
      const std::size_t end = std::min(width_, first + room);
      text += std::string(margin, ' ') + axis(first, end) + "\n";
      for (int rank = 0; rank < ranks_; ++rank) {
        std::string name = "rank " + std::to_string(rank);
        name.resize(margin, ' ');
        text += name + cut(rows_[static_cast<std::size_t>(rank)], first, end) + "\n";
      }
      text += "\n";
    }
    return text + legend();
  }

 private:
  std::size_t column(double time) const {
    return static_cast<std::size_t>(std::lround(std::max(0.0, time - begin_) * scale_));
  }

  Row draw_row(const std::vector<Span>& spans) const {
    Row row{std::string(width_, kIdle), std::vector<int>(width_, 0)};
    for (const Span& span : spans) {
      if (span.waiting || !is_compute(span.action.op)) continue;
      const std::size_t first = column(span.start), end = std::min(width_, column(span.end));
      const std::string label = label_of(span.action, ranks_, virtual_stages_);
      for (std::size_t i = first; i < end; ++i) {
        row.text[i] = i - first < label.size() ? label[i - first] : '-';
        row.colours[i] = colour_of(span.action);
      }
    }
    return row;
  }

  std::string cut(const Row& row, std::size_t first, std::size_t end) const {
    if (!style_.colour) return row.text.substr(first, end - first);
    std::string text;
    int colour = 0;
    for (std::size_t i = first; i < end; ++i) {
      if (row.colours[i] != colour) {
        colour = row.colours[i];
        text += colour == 0 ? "\033[0m" : "\033[30;48;5;" + std::to_string(colour) + "m";
      }
      text += row.colours[i] == 0 ? ' ' : row.text[i];
    }
    return colour == 0 ? text : text + "\033[0m";
  }

  std::string axis(std::size_t first, std::size_t end) const {
    const double step = round_step(60 / scale_, 6);
    std::string text(end - first, ' ');
    for (double time = 0; column(begin_ + time) < end; time += step) {
      const std::size_t at = column(begin_ + time);
      const std::string number = short_number(time);
      if (at < first || at - first + number.size() > text.size()) continue;
      text.replace(at - first, number.size(), number);
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
  }

  std::string legend() const {
    std::string text = headline(timeline_, style_.time_unit) + "; peak live microbatches";
    for (double peak : timeline_.peak_live_microbatches) text += " " + short_number(peak);
    text += "\nF forward, I input gradient, W weight gradient, B = I and W, with the microbatch";
    if (virtual_stages_ == 2) text += "\nf, i, w, b: the rank's second stage";
    return text + "\n";
  }

  const Timeline& timeline_;
  const TextStyle& style_;
  int ranks_, virtual_stages_;
  double begin_, scale_ = 1;
  std::size_t label_width_ = 1, width_ = 0;
  std::vector<Row> rows_;
};

}  // namespace

std::string draw_text(const Timeline& timeline, const TextStyle& style) {
  return TextDrawing(timeline, style).draw();
}

}  // namespace pipetrain
