#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include "base/error.h"
#include "base/kept_log.h"

namespace pipetrain {

void set_up_log(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    throw Error(ExitCode::kConfiguration, "log level '" + level +
                                              "' is unknown; expected one of trace, debug, info, "
                                              "warning, error, off");
  }
  auto logger = std::make_shared<spdlog::logger>(
      "pipetrain", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(parsed);
  logger->set_pattern("%H:%M:%S %^%l%$ %v");
  spdlog::set_default_logger(logger);
  hold_log();
}

}  // namespace pipetrain
