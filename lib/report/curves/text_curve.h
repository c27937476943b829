// The loss of a run as a small plot of characters, for the end of its log. It must not know
// training.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

struct PlotPoint {
  double step = 0, value = 0;
};

// What lines of metrics.jsonl say under `key`, in their order; what is not finite is left out.
std::vector<PlotPoint> curve_points(std::string_view lines, std::string_view key);

// Of several points the mean in each of at most `columns` columns, as `*`, with those of `marks` as
// `o`: `rows` lines, an axis with the first and the last step, and what the signs mean. Nothing
// where fewer than two points are.
std::string text_curve(const std::vector<PlotPoint>& curve, const std::vector<PlotPoint>& marks,
                       int columns = 60, int rows = 9);

// The loss in a run directory with a metrics.jsonl, and its validation loss.
std::string loss_curve(const std::string& run_directory);

}  // namespace pipetrain
