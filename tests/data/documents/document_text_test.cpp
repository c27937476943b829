#include "data/documents/document_text.h"

#include <string>

#include "catch.h"
#include "data/data_error.h"

using namespace pipetrain;

namespace document_text_test {

namespace {

const DocumentFile kLines{"a.jsonl", true}, kText{"b.txt", false};

std::string of_line(const std::string& line, const std::string& field = "text") {
  return text_of_document({.bytes = line, .file = &kLines, .line = 3, .offset = 100}, field);
}
std::string refusal(const std::string& line) {
  return data_error_of([&] { of_line(line); }, "a.jsonl");
}

}  // namespace

TEST_CASE("The text of a line is a field of its object") {
  CHECK(of_line("{\"id\": 1, \"text\": \"a\\n\\u00e9\\ud83d\\ude00\"}\r\n") ==
        "a\n\u00e9\U0001F600");
  CHECK(of_line("{\"a\": {\"text\": \"no\"}, \"text\": \"yes\", \"b\": [{\"text\": \"no\"}]}") ==
        "yes");
  CHECK(of_line("{\"body\": \"x\", \"text\": 1}", "body") == "x");
  CHECK(of_line("{\"text\": 1, \"text\": \"last\"}") == "last");
  CHECK(of_line("{\"text\": \"\"}").empty());
}

TEST_CASE("A broken line names file, line and byte, and what to do") {
  const std::string what = "; mend it, or set data.on_bad_document to skip";
  CHECK(refusal("{\"text\": nul}") ==
        "line 3 (byte 100): is not JSON at byte 112 (value - invalid literal)" + what);
  CHECK(contains(refusal("{\"text\": \"x"), "is not JSON at byte 11"));
  CHECK(contains(refusal("{\"text\": \"\xff\"}"), "is not JSON at byte 110"));
  CHECK(contains(refusal("{\"text\": \"x\"} y"), "is not JSON at byte 114"));
  CHECK(refusal("[\"text\"]") ==
        "line 3 (byte 100): is no JSON object, expected {\"text\": ...}" + what);
  CHECK(refusal("\"text\"") ==
        "line 3 (byte 100): is no JSON object, expected {\"text\": ...}" + what);
  CHECK(refusal("{\"text\": [\"x\"]}") ==
        "line 3 (byte 100): its field \"text\" is a list, expected a text" + what);
  CHECK(refusal("{\"id\": 1, \"body\": \"x\"}") ==
        "line 3 (byte 100): has no field \"text\", only \"id\", \"body\" (data.field names it)" +
            what);
  const std::string deep = "{\"x\": " + std::string(200000, '[');
  CHECK(contains(refusal(deep), "is not JSON"));
}

TEST_CASE("A text is UTF-8, and not longer than a document may be") {
  const auto of_text = [&](const std::string& text, bool too_long = false) {
    return text_of_document({.bytes = text, .file = &kText, .offset = 3, .too_long = too_long},
                            "text");
  };
  CHECK(of_text("a \u00e9 \r\n") == "a \u00e9 \r\n");
  CHECK(contains(data_error_of([&] { of_text("ab\xe9 c"); }), "b.txt: is not UTF-8 at byte 5"));
  CHECK(contains(data_error_of([&] { of_text("", true); }),
                 "b.txt: has more than 1073741824 bytes without a blank"));
}

}  // namespace document_text_test
