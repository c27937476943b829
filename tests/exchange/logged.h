// What is logged while it lives. It must not know who logs.
#pragma once

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

namespace pipetrain {

struct Log {
  Log() { spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink)); }
  ~Log() { spdlog::set_default_logger(before); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  std::ostringstream text;
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
  std::shared_ptr<spdlog::sinks::sink> sink =
      std::make_shared<spdlog::sinks::ostream_sink_st>(text);
};

}  // namespace pipetrain
