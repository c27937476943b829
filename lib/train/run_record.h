// run.json of a run directory: who ran what, where and when, how the model was laid out, how it
// ended and what it came to. It must not know training.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pipetrain {

class RunRecord {
 public:
  static constexpr int kFormat = 1;  // readers refuse a higher one

  explicit RunRecord(const std::string& run_directory);

  // A start begins, with these facts. What the file says of the starts before it, of a run that
  // goes on, becomes the list "earlier". Error(kConfiguration) if it cannot be written.
  void begin(nlohmann::ordered_json facts);
  // It ended so: "done" or "stopped", with these figures. False, with errno, if that cannot be
  // written.
  bool end(const std::string& outcome, const nlohmann::ordered_json& figures);

 private:
  std::string path_;
  nlohmann::ordered_json record_;
};

// Adds to the record of a run that has begun, and has no end yet, that it failed. Nothing happens
// where there is none. False, with errno, if it cannot be written.
bool record_failure(const std::string& run_directory, int exit_code, const std::string& error);

}  // namespace pipetrain
