// Logging to standard error through spdlog. It must not know ranks: the caller decides which rank
// speaks.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace pipetrain {

inline constexpr const char* kUsualLogLevel = "info";

// Makes spdlog's default logger write to standard error at `level`
// (trace, debug, info, warning, error or off), else Error(kConfiguration).
void set_up_log(const std::string& level);

}  // namespace pipetrain
