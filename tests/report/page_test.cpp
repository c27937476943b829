#include "report/page.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

std::string data_in(const std::string& page) {
  const std::string open = R"(<script type="application/json" id="data">)";
  const std::size_t begin = page.find(open) + open.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

}  // namespace

TEST_CASE("what a person has named is text in a page, never markup") {
  const std::string hostile = "</script></title><script>alert(1)</script>{{script}}<!--&\"'";
  const Json data = {{"title", hostile}, {hostile, 1}};
  const std::string page = html_page({.title = hostile}, data);
  CHECK(count(page, "alert(1)") == 3);
  CHECK(count(page, "<script>alert") == 0);
  CHECK(count(page, "<script") == 2);
  CHECK(count(page, "</script>") == 2);
  CHECK(count(page, "{{script}}") == 3);  // not filled in
  CHECK(Json::parse(data_in(page)) == data);
}

TEST_CASE("text that is not UTF-8 does not stop a page") {
  CHECK(json_in_html("a\xff<") == "\"a\xef\xbf\xbd\\u003c\"");
}

TEST_CASE("a page names no address outside it, and loads none") {
  const std::string page = html_page({.title = "t"}, Json::object());
  CHECK(count(page, "://") == count(page, "http://www.w3.org/2000/svg"));
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(count(page, "src=") == 0);
  CHECK(count(page, "{{") == 0);
}
