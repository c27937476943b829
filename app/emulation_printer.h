// Prints emulations on rank 0: a table's rows as they come, or one JSON object at the end. It must
// not know how they are measured.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pipetrain {

class EmulationPrinter {
 public:
  EmulationPrinter(bool prints, bool json, bool table)
      : prints_(prints), json_(json), table_(table) {}

  void add(nlohmann::ordered_json emulation);
  // A schedule that does not exist for these sizes.
  void add_missing(const std::string& schedule, const std::string& reason);
  void finish() const;

 private:
  void print(const std::string& text) const;

  bool prints_, json_, table_;
  nlohmann::ordered_json emulations_ = nlohmann::ordered_json::array(), missing_ = emulations_;
};

}  // namespace pipetrain
