#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "number_option.h"
#include "output_format.h"
#include "schedule/draw/draw_svg.h"
#include "schedule/draw/draw_text.h"
#include "schedule/trace/chrome_trace.h"
#include "schedule/trace/measured_step.h"
#include "terminal.h"
#include "train/run_directory.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct TimelineOptions {
  std::string run_directory;
  OutputFormat format = OutputFormat::kText;
  std::optional<int> step;
};

std::string existing_trace(const std::string& run_directory) {
  const std::string path = trace_path(run_directory);
  std::error_code none;
  if (!std::filesystem::is_directory(run_directory, none)) {
    throw Error(ExitCode::kConfiguration,
                "there is no run directory " + run_directory + "; expected a train.output");
  }
  if (!std::filesystem::exists(path, none)) {
    throw Error(ExitCode::kConfiguration, "the run directory " + run_directory +
                                              " has no trace.json; train with --trace to have one");
  }
  return path;
}

int timeline(const TimelineOptions& options) {
  const std::string path = existing_trace(options.run_directory);
  const std::vector<TracedStep> steps = read_chrome_trace(path);
  const TracedStep& chosen = choose_step(steps, options.step);
  const StepComparison step = compare(chosen, path);
  const std::string measured =
      "measured, step " + std::to_string(chosen.step) +
      (options.step || steps.size() == 1 ? ""
                                         : " (median of " + std::to_string(steps.size()) + ")");
  if (options.format == OutputFormat::kSvg) {
    write_output(draw_svg({{measured, &step.measured.timeline, step.measured_note()},
                           {"predicted", &step.predicted, step.predicted_note()}},
                          step.time_unit));
    return 0;
  }
  TextStyle style = terminal_style();
  style.time_unit = step.time_unit;
  write_output(
      draw_text({{measured, &step.measured.timeline}, {"predicted", &step.predicted}}, style) +
      "measured: " + step.measured_note() + "\npredicted: " + step.predicted_note() + "\n");
  return 0;
}

}  // namespace

Command add_timeline_command(CLI::App& command) {
  const auto options = std::make_shared<TimelineOptions>();
  command.add_option("RUN_DIR", options->run_directory,
                     "the directory of a run with --trace; required");
  add_number(command, "--step", options->step, "N", kOneOrMore,
             "which of the traced steps; default: the one of median duration");
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kSvg});
  return {.usage = "pipetrain timeline RUN_DIR [OPTION]...",
          .check = [options] { require(!options->run_directory.empty(), "RUN_DIR", "timeline"); },
          .run = [options] { return timeline(*options); }};
}

}  // namespace pipetrain
