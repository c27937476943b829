// What an error of the data says: one line of exit code 3. It must not know what reads them.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "catch.h"

namespace pipetrain {

// Without "data: <file>: ", if that is how it begins.
inline std::string data_error_of(const std::function<void()>& action,
                                 const std::string& file = {}) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    const std::string message = error.what(), start = "data: " + file + ": ";
    CHECK(message.find('\n') == std::string::npos);
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
  return "no error";
}

}  // namespace pipetrain
