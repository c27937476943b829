#include "train/progress.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstdio>
#include <utility>

namespace pipetrain {

Progress::Progress(bool wanted, std::int64_t total_steps, std::string rate_unit)
    : bar_(wanted), total_(total_steps), unit_(std::move(rate_unit)) {}

void Progress::draw(std::int64_t step, double loss, double rate, double seconds_left) {
  bar_.draw(step, total_, [&] {
    return fmt::format("{}/{}  loss {:.4f}  {:.0f} {}/s  {} left", step, total_, loss, rate, unit_,
                       clock_text(seconds_left));
  });
}

std::string clock_text(double seconds) {
  const long long whole = std::llround(seconds);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace pipetrain
