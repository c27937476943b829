#include "schedule/draw/svg_parts.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Numbers have two places at most, and none that say nothing") {
  CHECK(svg::number(12) == "12");
  CHECK(svg::number(0.5) == "0.5");
  CHECK(svg::number(1.256) == "1.26");
  CHECK(svg::number(100) == "100");
  CHECK(svg::number(0) == "0");
}

TEST_CASE("A text's own marks are no marks of the picture") {
  CHECK(svg::text_at(1, 2.5, "title", "a<b & c") ==
        "<text class=\"title\" x=\"1\" y=\"2.5\">a&lt;b &amp; c</text>\n");
  CHECK(svg::rectangle(1, 2, 3.25, 4, "F0") ==
        "<rect class=\"F0\" x=\"1\" y=\"2\" width=\"3.25\" height=\"4\"/>\n");
}

TEST_CASE("Each op that is drawn has a look of its own, and the sheet all its shades") {
  std::set<std::string_view> classes, colours;
  const std::string sheet = svg::style_sheet();
  for (const svg::OpLook& look : svg::kLooks) {
    CHECK(is_compute(look.op));
    CHECK(svg::look_of(look.op).css_class == look.css_class);
    CHECK(classes.insert(look.css_class).second);
    for (int shade = 0; shade < svg::kShades; ++shade) {
      const std::string colour(look.shades[static_cast<std::size_t>(shade)]);
      CHECK(colours.insert(look.shades[static_cast<std::size_t>(shade)]).second);
      CHECK(contains(sheet, "." + std::string(look.css_class) + std::to_string(shade) +
                                "{fill:" + colour + "}"));
    }
  }
}
