#include "base/size.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr double kKibi = 1024;
constexpr std::array<std::pair<const char*, double>, 10> kUnits{
    {{"", 1},
     {"B", 1},
     {"kB", 1e3},
     {"KiB", kKibi},
     {"MB", 1e6},
     {"MiB", kKibi* kKibi},
     {"GB", 1e9},
     {"GiB", kKibi* kKibi* kKibi},
     {"TB", 1e12},
     {"TiB", kKibi* kKibi* kKibi* kKibi}}};
constexpr double kMost = 9e18;  // below the largest int64

}  // namespace

std::int64_t parse_size(const std::string& text, const std::string& what) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.starts_with(' ')) unit.erase(0, 1);
  for (const auto& [name, factor] : kUnits) {
    if (error != std::errc() || unit != name) continue;
    const double bytes = number * factor;
    if (bytes >= 1 && bytes <= kMost) return static_cast<std::int64_t>(bytes);
  }
  throw Error(ExitCode::kConfiguration,
              what + ": '" + text +
                  "' is no amount of memory; expected a number above 0 and a unit, such as 16GiB, "
                  "512MiB, 2GB, or a number of bytes");
}

std::string size_text(std::int64_t bytes) {
  constexpr std::array kNames{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / kKibi;
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kNames.size(); ++unit) value /= kKibi;
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : 1, kNames[unit]);
}

}  // namespace pipetrain
