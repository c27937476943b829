// What an Error says, for tests that look for its parts.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

inline std::string error_text(pipetrain::ExitCode code, const std::function<void()>& body) {
  try {
    body();
  } catch (const pipetrain::Error& error) {
    return error.code() == code ? error.what() : "wrong code: " + std::string(error.what());
  }
  return "no error";
}
