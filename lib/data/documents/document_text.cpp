#include "data/documents/document_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "text/utf8.h"

namespace pipetrain {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const RawDocument& document, const std::string& what) {
  throw Error(ExitCode::kData, "data: " + place_of(document) + ": " + what +
                                   "; mend it, or set data.on_bad_document to skip");
}

// Takes one field of an object and keeps nothing of the rest, however large or deep it is.
class FieldReader : public Json::json_sax_t {
 public:
  explicit FieldReader(const std::string& field) : field_(field) {}

  std::optional<std::string> text;  // of the field
  std::string found;                // what the field is instead: "a number"
  bool object = false;              // the whole is one
  std::vector<std::string> keys;    // its first ones
  std::size_t bad_byte = 0;         // from 1 on, where it is no JSON; 0: it is
  std::string complaint;

  bool null() override { return value("null"); }
  bool boolean(bool) override { return value("true or false"); }
  bool number_integer(Json::number_integer_t) override { return value("a number"); }
  bool number_unsigned(Json::number_unsigned_t) override { return value("a number"); }
  bool number_float(Json::number_float_t, const std::string&) override { return value("a number"); }
  bool binary(Json::binary_t&) override { return value("bytes"); }
  bool string(std::string& string) override {
    if (is_field()) text = std::move(string);
    return value("a text");
  }
  bool start_object(std::size_t) override {
    object |= depth_ == 0;
    value("an object");
    ++depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    value("a list");
    ++depth_;
    return true;
  }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool key(std::string& name) override {
    constexpr std::size_t kShown = 6;
    if (depth_ != 1) return true;
    wanted_ = name == field_;
    if (wanted_) text.reset();  // the last one of a name counts
    if (keys.size() < kShown) keys.push_back('"' + name.substr(0, 40) + '"');
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const Json::exception& error) override {
    bad_byte = position;
    // Of "... syntax error while parsing value - invalid literal; last read: 'x'" the middle.
    complaint = error.what();
    constexpr std::string_view kBefore = "while parsing ";
    if (const auto at = complaint.find(kBefore); at != std::string::npos) {
      complaint.erase(0, at + kBefore.size());
    }
    complaint.resize(std::min(complaint.size(), complaint.find("; last read")));
    return false;
  }

 private:
  bool is_field() const { return depth_ == 1 && wanted_ && object; }
  bool value(const char* kind) {
    if (is_field()) found = kind;
    return true;
  }

  const std::string& field_;
  int depth_ = 0;
  bool wanted_ = false;  // the value that comes next, at depth 1
};

std::string field_of(const RawDocument& document, const std::string& field) {
  FieldReader reader(field);
  Json::sax_parse(document.bytes, &reader);
  if (reader.bad_byte > 0) {
    const std::int64_t byte = document.offset + static_cast<std::int64_t>(reader.bad_byte) - 1;
    fail(document, "is not JSON at byte " + std::to_string(byte) + " (" + reader.complaint + ")");
  }
  if (!reader.object) fail(document, "is no JSON object, expected {\"" + field + "\": ...}");
  if (reader.text) return *std::move(reader.text);
  if (!reader.found.empty()) {
    fail(document, "its field \"" + field + "\" is " + reader.found + ", expected a text");
  }
  fail(document, "has no field \"" + field + "\"" +
                     (reader.keys.empty() ? "" : ", only " + join(reader.keys)) +
                     " (data.field names it)");
}

void require_utf8(const RawDocument& document) {
  const auto text = std::as_bytes(std::span(document.bytes));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (next_symbol(text, at) < kFirstByteSymbol) continue;
    fail(document, "is not UTF-8 at byte " +
                       std::to_string(document.offset + static_cast<std::int64_t>(start)));
  }
}

}  // namespace

std::string text_of_document(RawDocument document, const std::string& field) {
  if (document.too_long) {
    fail(document,
         "has more than " + std::to_string(kMostDocumentBytes) + " bytes " +
             (document.file->lines ? "in a line, which is the most of one"
                                   : "without a blank or a line's end at which it can be cut"));
  }
  if (document.file->lines) return field_of(document, field);
  require_utf8(document);
  return std::move(document.bytes);
}

}  // namespace pipetrain
