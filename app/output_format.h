// What a command prints or writes, chosen by --format. It must not know how any of them looks.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <vector>

namespace pipetrain {

enum class OutputFormat : std::uint8_t {
  kText,
  kDown,
  kJson,
  kCsv,
  kSvg,
  kHtml,
  kTrace,
  kSafetensors,
  kHf
};

// --format NAME, one of `formats`; the first is the default.
void add_format_option(CLI::App& command, OutputFormat& format,
                       const std::vector<OutputFormat>& formats);

}  // namespace pipetrain
