#include "schedule/draw/draw_text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/error.h"
#include "schedule/draw/text_scale.h"
#include "schedule/simulate/figures.h"

namespace pipetrain {
namespace {

constexpr char kIdle = '.';

// 256-colour backgrounds, one for each letter, in two shades for even and odd microbatches.
int colour_of(const Action& action) {
  const bool odd = action.microbatch % 2 != 0;
  switch (action.op) {
    case Op::kForward: return odd ? 75 : 117;
    case Op::kBackwardInput: return odd ? 78 : 157;
    case Op::kBackwardWeight: return odd ? 215 : 223;
    case Op::kBackward: return odd ? 176 : 219;
    case Op::kVocabularyForward: return odd ? 80 : 123;
    case Op::kVocabularyBackward: return odd ? 141 : 183;
    default: return odd ? 246 : 252;
  }
}

// One rank over the whole time: a character and a colour for each column.
struct Row {
  std::string text;
  std::vector<int> colours;  // 0: none
};

bool appears(const Timeline& timeline, Op op) {
  return std::ranges::any_of(timeline.ranks, [&](const std::vector<Span>& spans) {
    return std::ranges::any_of(
        spans, [&](const Span& span) { return !span.waiting && span.action.op == op; });
  });
}

// One Timeline's rows on an axis that it may share with others.
class TextDrawing {
 public:
  TextDrawing(const TextPanel& panel, const TextStyle& style, double columns_per_time)
      : title_(panel.title),
        timeline_(*panel.timeline),
        style_(style),
        ranks_(static_cast<int>(timeline_.ranks.size())),
        places_(timeline_),
        begin_(first_start(timeline_)),
        scale_(columns_per_time) {
    width_ = column(begin_ + timeline_.makespan());
    check_size();
    for (int rank = 0; rank < ranks_; ++rank) {
      rows_.push_back(draw_row(rank, timeline_.ranks[static_cast<std::size_t>(rank)]));
    }
  }

  std::size_t width() const { return width_; }
  std::size_t margin() const { return std::to_string(ranks_ - 1).size() + 6; }  // "rank N "

  // The columns [first, end) of every rank.
  std::string piece(std::size_t first, std::size_t end) const {
    if (first >= width_) return "";
    std::string text = title_.empty() ? "" : title_ + "\n";
    for (int rank = 0; rank < ranks_; ++rank) {
      std::string name = "rank " + std::to_string(rank);
      name.resize(margin(), ' ');
      text += name + cut(rows_[static_cast<std::size_t>(rank)], first, std::min(width_, end));
      text += "\n";
    }
    return text;
  }

  std::string figures() const {
    std::string text = title_.empty() ? "" : title_ + ": ";
    return text + headline(timeline_, style_.time_unit) + "\n" + peaks() + unseen();
  }

 private:
  void check_size() const {
    constexpr std::size_t kMostCharacters = 50'000'000;
    const std::size_t characters = width_ * timeline_.ranks.size();
    if (characters <= kMostCharacters) return;
    throw Error(ExitCode::kConfiguration, "a drawing of " + std::to_string(characters) +
                                              " characters is too large; at most " +
                                              std::to_string(kMostCharacters) +
                                              " are drawn; take fewer microbatches or ranks");
  }

  // Sums of costs that should meet a column's middle may lie a rounding below it.
  std::size_t column(double time) const {
    constexpr double kRounding = 1e-6;
    const double columns = std::max(0.0, time - begin_) * scale_ + kRounding;
    return static_cast<std::size_t>(std::lround(columns));
  }

  Row draw_row(int rank, const std::vector<Span>& spans) {
    Row row{std::string(width_, kIdle), std::vector<int>(width_, 0)};
    for (const Span& span : spans) {
      if (!is_drawn(span)) continue;
      ++actions_;
      const std::size_t first = column(span.start), end = std::min(width_, column(span.end));
      if (first >= end && unseen_++ == 0) {
        first_unseen_ = label_of(span.action, rank, places_) + " of rank " + std::to_string(rank);
      }
      const std::string label = fitting(label_of(span.action, rank, places_), end - first);
      for (std::size_t i = first; i < end; ++i) {
        const char fill = i + 1 < end ? '-' : ' ';  // so that the next one stands apart
        row.text[i] = i - first < label.size() ? label[i - first] : fill;
        row.colours[i] = colour_of(span.action);
      }
    }
    return row;
  }

  // The label, or of one that does not fit the letter: a number without its last digits is another.
  static std::string fitting(const std::string& label, std::size_t columns) {
    if (label.size() <= columns) return label;
    return label.substr(label.find_first_not_of("0123456789"), 1);
  }

  std::string cut(const Row& row, std::size_t first, std::size_t end) const {
    std::string text;
    if (!style_.colour) {
      text = row.text.substr(first, end - first);
      return text.substr(0, text.find_last_not_of(' ') + 1);
    }
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

  std::string peaks() const {
    if (timeline_.peak_live_microbatches.empty()) return "";
    std::string text = "peak live microbatches of each rank:";
    std::size_t line_start = 0;
    for (double peak : timeline_.peak_live_microbatches) {
      const std::string word = short_number(peak);
      if (text.size() - line_start + 1 + word.size() > static_cast<std::size_t>(style_.columns)) {
        text += "\n ";
        line_start = text.size() - 1;
      }
      (text += ' ') += word;
    }
    return text + "\n";
  }

  std::string unseen() const {
    if (unseen_ == 0) return "";
    return "too short to be seen: " + std::to_string(unseen_) + " of " + std::to_string(actions_) +
           " actions, first " + first_unseen_ + "; svg draws them\n";
  }

  const std::string& title_;
  const Timeline& timeline_;
  const TextStyle& style_;
  int ranks_;
  StagePlaces places_;
  double begin_, scale_;
  std::size_t width_ = 0;
  std::size_t actions_ = 0, unseen_ = 0;  // of these, how many have no column
  std::string first_unseen_;
  std::vector<Row> rows_;
};

std::string axis(double scale, std::size_t first, std::size_t end) {
  const double step = round_step(60 / scale, 6);
  std::string text(end - first, ' ');
  for (double time = 0;; time += step) {
    const auto at = static_cast<std::size_t>(std::lround(time * scale));
    if (at >= end) break;
    const std::string number = short_number(time);
    if (at < first || at - first + number.size() > text.size()) continue;
    text.replace(at - first, number.size(), number);
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string legend(const std::vector<TextPanel>& panels) {
  std::string letters;
  const auto explain = [&](Op op, const std::string& words) {
    if (std::ranges::none_of(panels, [&](const TextPanel& p) { return appears(*p.timeline, op); }))
      return;
    if (!letters.empty()) letters += ", ";
    letters += words;
  };
  explain(Op::kForward, "F forward");
  explain(Op::kBackwardInput, "I input gradient");
  explain(Op::kBackwardWeight, "W weight gradient");
  explain(Op::kBackward, "B both gradients");
  explain(Op::kRecompute, "R recompute");
  explain(Op::kVocabularyForward, "S the rank's piece of the vocabulary");
  explain(Op::kVocabularyBackward, "T its gradients");
  if (letters.empty()) return "";
  int most_stages = 1, slices = 1;
  for (const TextPanel& panel : panels) {
    slices = std::max(slices, slice_count(*panel.timeline));
    most_stages = std::max(most_stages, StagePlaces(*panel.timeline).most());
  }
  std::string text = letters + "; then the microbatch";
  text += slices > 1 ? " and, behind a point, its slice from 1 on\n" : "\n";
  if (most_stages == 2) text += "small letters: the rank's second stage\n";
  if (most_stages > 2) text += "the number before the letter: the stage\n";
  return text;
}

}  // namespace

std::string draw_text(const std::vector<TextPanel>& panels, const TextStyle& style) {
  std::size_t label_width = 1, width = 0, margin = 0;
  for (const TextPanel& panel : panels) {
    label_width = std::max(label_width, label_width_of(*panel.timeline));
  }
  double scale = 0;
  for (const TextPanel& panel : panels) {
    scale = std::max(scale, columns_per_time(*panel.timeline, label_width));
  }
  std::vector<TextDrawing> drawings;
  for (const TextPanel& panel : panels) {
    const TextDrawing& drawing = drawings.emplace_back(panel, style, scale);
    width = std::max(width, drawing.width());
    margin = std::max(margin, drawing.margin());
  }
  auto room = static_cast<std::size_t>(std::max(style.columns - static_cast<int>(margin), 20));
  room -= room % label_width;
  std::string text;
  for (std::size_t first = 0; first < width; first += room) {
    const std::size_t end = std::min(width, first + room);
    std::string left = style.time_unit;
    left.resize(margin, ' ');
    text += left + axis(scale, first, end) + "\n";
    for (const TextDrawing& drawing : drawings) text += drawing.piece(first, end);
    text += "\n";
  }
  for (const TextDrawing& drawing : drawings) text += drawing.figures();
  return text + legend(panels);
}

std::string draw_text(const Timeline& timeline, const TextStyle& style) {
  return draw_text({{"", &timeline}}, style);
}

}  // namespace pipetrain
