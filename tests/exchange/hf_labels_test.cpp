#include "exchange/hf_labels.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

using Names = std::vector<std::string>;

// As it comes from a file: numbers are then without a sign.
Names names_of(const json& config) {
  const json read = json::parse(config.dump());
  return parse_hf_labels(HfFields(read, "config.json"));
}

std::string refused_labels(const json& config) {
  return error_of([&] { names_of(config); }, ExitCode::kCheckpoint);
}

}  // namespace

TEST_CASE("Labels have the names of id2label, by their numbers, else usual ones") {
  CHECK(names_of({{"id2label", {{"1", "b"}, {"0", "a, or so"}, {"2", 7}}}}) ==
        Names{"a, or so", "b", "7"});
  CHECK(names_of(json::object()) == Names{"LABEL_0", "LABEL_1"});
  CHECK(names_of({{"num_labels", 3}}).back() == "LABEL_2");
  nlohmann::ordered_json config;
  write_hf_labels({"a", "b"}, 2, config);
  CHECK(config["label2id"]["b"] == 1);
  CHECK(names_of(json::parse(config.dump())) == Names{"a", "b"});
  write_hf_labels({}, 2, config);
  CHECK(names_of(json::parse(config.dump())) == usual_hf_labels(2));
}

TEST_CASE("Labels that are not one of several a row are refused") {
  CHECK(contains(refused_labels({{"id2label", {{"0", "a"}, {"2", "b"}}}}), "id2label"));
  CHECK(contains(refused_labels({{"id2label", {"a", "b"}}}), "expected an object of names"));
  CHECK(contains(refused_labels({{"id2label", {{"0", "a"}}}}), "one alone is a regression"));
  CHECK(contains(refused_labels({{"num_labels", 1}}), "one alone is a regression"));
  CHECK(contains(refused_labels({{"num_labels", 4}, {"id2label", {{"0", "a"}, {"1", "b"}}}}),
                 "num_labels is 4; expected 2, as many as id2label names"));
  CHECK(contains(refused_labels({{"problem_type", "multi_label_classification"}}),
                 "expected single_label_classification"));
}
