// The small words of an SVG picture of a schedule: shapes, and the looks that its style sheet gives
// to actions. Only draw_svg.cpp and svg_rows.cpp include this.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "schedule/schedule.h"

namespace pipetrain::svg {

constexpr int kShades = 4;

struct OpLook {
  Op op;
  std::string_view css_class, name;
  std::array<std::string_view, kShades> shades;
};

constexpr std::array<OpLook, 7> kLooks{{
    {Op::kForward, "F", "forward", {"#cfe3f7", "#aacff0", "#85b9e6", "#66a3d9"}},
    {Op::kBackwardInput, "I", "input gradient", {"#c9e8c8", "#a5d8a5", "#80c683", "#60b167"}},
    {Op::kBackwardWeight, "W", "weight gradient", {"#fde3bb", "#fbd08f", "#f6ba63", "#eea43e"}},
    {Op::kBackward, "B", "backward (both)", {"#f1cfe0", "#e7b0cb", "#db90b5", "#cd719f"}},
    {Op::kRecompute, "R", "recompute", {"#e2e2ea", "#cfcfdb", "#bcbccb", "#a9a9bb"}},
    {Op::kVocabularyForward,
     "S",
     "vocabulary, forward",
     {"#c8ecec", "#a2dede", "#7acdce", "#55b8ba"}},
    {Op::kVocabularyBackward,
     "T",
     "vocabulary, gradients",
     {"#dcd3f2", "#c4b6e8", "#aa97dc", "#917acd"}},
}};

const OpLook& look_of(Op op);
std::string style_sheet();

std::string number(double value);
std::string text_at(double x, double y, std::string_view css_class, std::string_view text);
std::string rectangle(double x, double y, double width, double height, std::string_view css_class);

}  // namespace pipetrain::svg
