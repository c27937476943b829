#include "exchange/hf_labels.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace pipetrain {
namespace {

constexpr const char *kNames = "id2label", *kCount = "num_labels", *kProblem = "problem_type";
constexpr const char* kOneLabel = "single_label_classification";
constexpr int kUsualCount = 2;

std::vector<std::string> names_in(const HfFields& fields, const nlohmann::json& names) {
  const std::string expected = "an object of names, of 0 and each number after it";
  if (!names.is_object() || names.empty()) fields.fail(kNames, expected);
  std::vector<std::string> made;
  for (std::size_t label = 0; label < names.size(); ++label) {
    const auto name = names.find(std::to_string(label));
    if (name == names.end()) fields.fail(kNames, expected);
    made.push_back(name->is_string() ? name->get<std::string>() : name->dump());
  }
  return made;
}

}  // namespace

std::vector<std::string> parse_hf_labels(const HfFields& fields) {
  if (fields.text(kProblem, kOneLabel) != kOneLabel) fields.fail(kProblem, kOneLabel);
  std::vector<std::string> names;
  if (const nlohmann::json* given = fields.value(kNames)) {
    names = names_in(fields, *given);
    const auto count = static_cast<int>(names.size());
    if (fields.size(kCount, count) != count) {
      fields.fail(kCount, std::to_string(count) + ", as many as " + kNames + " names");
    }
  } else {
    names = usual_hf_labels(fields.size(kCount, kUsualCount));
  }
  if (names.size() == 1) fields.fail(kNames, "at least two labels: one alone is a regression");
  return names;
}

std::vector<std::string> usual_hf_labels(int count) {
  std::vector<std::string> names;
  for (int label = 0; label < count; ++label) names.push_back("LABEL_" + std::to_string(label));
  return names;
}

void write_hf_labels(const std::vector<std::string>& names, int classes,
                     nlohmann::ordered_json& config) {
  nlohmann::ordered_json by_number, by_name;
  const std::vector<std::string> used = names.empty() ? usual_hf_labels(classes) : names;
  for (std::size_t label = 0; label < used.size(); ++label) {
    by_number[std::to_string(label)] = used[label];
    by_name[used[label]] = label;
  }
  config[kNames] = by_number;
  config["label2id"] = by_name;
  config[kProblem] = kOneLabel;
}

}  // namespace pipetrain
