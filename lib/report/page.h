// A web page in one file that needs nothing beside it: styles, scripts and data are in it, and a
// policy that lets it load nothing from elsewhere. What a person or a file has named is data, which
// scripts show as text; it must not know what they show.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

struct PageParts {
  std::string title;
  std::vector<std::string_view> styles;   // names in page/, in their order, behind the common ones
  std::vector<std::string_view> scripts;  // the same; the last one draws the page
};

// The scripts and styles that all pages share come first: dom.js, actions.js, plot.js, timeline.js.
std::string html_page(const PageParts& parts, const nlohmann::ordered_json& data);

// Text between tags.
std::string html_text(std::string_view text);
// JSON that no browser takes for the end of the element around it.
std::string json_in_html(const nlohmann::ordered_json& data);

}  // namespace pipetrain
