#include "schedule/draw/svg_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace pipetrain::svg {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

const OpLook& look_of(Op op) {
  return *std::find_if(kLooks.begin(), kLooks.end() - 1,
                       [&](const OpLook& look) { return look.op == op; });
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  std::string trimmed = text.data();
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  if (trimmed.back() == '.') trimmed.pop_back();
  return trimmed;
}

std::string text_at(double x, double y, std::string_view css_class, std::string_view text) {
  return "<text class=\"" + std::string(css_class) + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
         "\">" + escaped(text) + "</text>\n";
}

std::string rectangle(double x, double y, double width, double height, std::string_view css_class) {
  return "<rect class=\"" + std::string(css_class) + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" width=\"" + number(width) + "\" height=\"" + number(height) + "\"/>\n";
}

std::string style_sheet() {
  std::string css =
      "text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:12px;fill:#333}"
      ".title{font-size:15px;font-weight:bold}.small{font-size:11px;fill:#666}"
      ".rank{text-anchor:end}.tick{text-anchor:middle;font-size:11px}"
      ".n{text-anchor:middle;font-size:9.5px;fill:#222}"
      ".phase{text-anchor:middle;font-size:12px;fill:#b03030}"
      ".edge{fill:none;stroke:#b03030;stroke-width:1.6}.axis{stroke:#888;stroke-width:1}"
      ".idle{fill:#f1f1f1}.foot{fill:#223;opacity:.55}.box{stroke:#fff;stroke-width:.6}";
  for (const OpLook& look : kLooks) {
    for (std::size_t shade = 0; shade < look.shades.size(); ++shade) {
      (css += '.') += look.css_class;
      (css += std::to_string(shade)) += "{fill:";
      (css += look.shades[shade]) += '}';
    }
  }
  return "<style>" + css + "</style>\n";
}

}  // namespace pipetrain::svg
