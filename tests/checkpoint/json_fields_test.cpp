#include "checkpoint/json_fields.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "checkpoint/file_io.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace json_fields_test {
using nlohmann::json;

TEST_CASE("A field is taken as what it is") {
  const json object =
      json::parse(R"({"name": "w", "size": 9223372036854775807, "shape": [2, 0, 3], "none": []})");
  CHECK(json_field(object, "name", "x") == "w");
  CHECK(json_text(object, "name", "x") == "w");
  CHECK(json_size(object, "size", "x") == 9223372036854775807);
  CHECK(json_sizes(object, "shape", "x") == Extents{2, 0, 3});
  CHECK(json_sizes(object, "none", "x").empty());
}

TEST_CASE("A field that is missing or something else is refused with its name and place") {
  const auto refused = [](const std::function<void()>& action, const std::string& why) {
    const std::string message = error_of(action);
    INFO(message);
    CHECK(message == "checkpoint: x: " + why);
  };
  refused([] { json_field(json::object(), "a", "x"); }, "has no a");
  refused([] { json_field(json::array({"a"}), "a", "x"); }, "is not described by a JSON object");
  refused([] { json_text({{"a", 1}}, "a", "x"); }, "a is not a text");
  for (const std::string value : {"-1", "1.0", "\"1\"", "true", "null", "9223372036854775808"}) {
    CAPTURE(value);
    refused([&] { json_size(json::parse("{\"a\": " + value + "}"), "a", "x"); },
            "a is not a whole number from 0 up");
    refused([&] { json_sizes(json::parse("{\"a\": [1, " + value + "]}"), "a", "x"); },
            "a is not a list of whole numbers from 0 up");
  }
  refused([] { json_sizes(json::parse(R"({"a": 3})"), "a", "x"); },
          "a is not a list of whole numbers from 0 up");
}

TEST_CASE("A file's name leads nowhere but into its own folder") {
  CHECK(plain_file_name("model-00001-of-00002.safetensors", "x") ==
        "model-00001-of-00002.safetensors");
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string("/etc/passwd"), std::string("../a"),
        std::string(".hidden"), std::string("a\0b", 3)}) {
    expect_text(error_of([&] { plain_file_name(name, "x"); }),
                "x: names a file outside its folder");
  }
}

TEST_CASE("A file of JSON is read whole, or refused as damaged") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.json", R"({"a": [1, 2]})");
  CHECK(read_json(path) == json{{"a", {1, 2}}});
  CHECK(read_python_json(path) == read_json(path));
  folder.write("a.json", R"({"a": [1, 2)");
  expect_text(error_of([&] { read_json(path); }), "a.json: is damaged: not valid JSON");
  expect_text(error_of([&] { read_python_json(path); }), "a.json: is damaged: not valid JSON");
  folder.write("a.json", std::string(100'000, '[') + std::string(100'000, ']'));
  for (const auto& read : {read_json, read_python_json}) {
    expect_text(error_of([&] { read(path); }), "a.json: has parts in parts, more than 100 deep");
  }
}

TEST_CASE("JSON as Python writes it has numbers that are none") {
  const TemporaryFolder folder;
  const std::string path = folder.path("config.json");
  write_synced(path, R"({"a": NaN, "b": [-Infinity, Infinity], "NaN \" NaN": "Infinity"})");
  const json read = read_python_json(path);
  CHECK(read["a"] == "NaN");
  CHECK(read["b"] == json{"-Infinity", "Infinity"});
  CHECK(read["NaN \" NaN"] == "Infinity");
  CHECK_THROWS_AS(read_json(path), Error);
}

}  // namespace json_fields_test
