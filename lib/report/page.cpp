#include "report/page.h"

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>

#include "report/page_asset.h"

namespace pipetrain {
namespace {

constexpr std::string_view kCommonStyles[] = {"style.css", "plot.css"};
constexpr std::string_view kCommonScripts[] = {"dom.js", "actions.js", "plot.js", "timeline.js"};

// Each character that `replaced` knows becomes what it says.
std::string with_replaced(std::string_view text, const std::map<char, std::string_view>& replaced) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto found = replaced.find(c);
    if (found == replaced.end()) {
      out += c;
    } else {
      out += found->second;
    }
  }
  return out;
}

template <std::size_t kCount>
std::string joined(const std::string_view (&common)[kCount],
                   const std::vector<std::string_view>& own) {
  std::string text;
  for (const std::string_view name : common) text += page_asset(name);
  for (const std::string_view name : own) text += page_asset(name);
  return text;
}

// "{{name}}" becomes what `parts` has under it, once: what comes in is not looked through.
std::string filled(std::string_view form, const std::map<std::string_view, std::string>& parts) {
  std::string text;
  while (true) {
    const std::size_t open = form.find("{{");
    text += form.substr(0, open);
    if (open == std::string_view::npos) return text;
    const std::size_t close = form.find("}}", open);
    text += parts.at(form.substr(open + 2, close - open - 2));
    form.remove_prefix(close + 2);
  }
}

}  // namespace

std::string html_text(std::string_view text) {
  return with_replaced(
      text, {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}});
}

std::string json_in_html(const nlohmann::ordered_json& data) {
  return with_replaced(data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                       {{'<', "\\u003c"}, {'>', "\\u003e"}, {'&', "\\u0026"}});
}

std::string html_page(const PageParts& parts, const nlohmann::ordered_json& data) {
  return filled(page_asset("page.html"), {{"title", html_text(parts.title)},
                                          {"style", joined(kCommonStyles, parts.styles)},
                                          {"data", json_in_html(data)},
                                          {"script", joined(kCommonScripts, parts.scripts)}});
}

}  // namespace pipetrain
