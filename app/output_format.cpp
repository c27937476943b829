#include "output_format.h"

#include <cstddef>
#include <string>

#include "base/table.h"

namespace pipetrain {
namespace {

constexpr Choice<OutputFormat> kFormats[] = {
    {OutputFormat::kText, "text", "For people."},
    {OutputFormat::kDown, "down", "For people, with time running down: T0, T1, ..."},
    {OutputFormat::kJson, "json", "One JSON object."},
    {OutputFormat::kCsv, "csv", "A schedule's table, one row for each rank."},
    {OutputFormat::kSvg, "svg", "A drawing."},
    {OutputFormat::kHtml, "html", "A page to play with, for a browser."},
    {OutputFormat::kTrace, "trace", "Chrome trace events, for https://ui.perfetto.dev."},
    {OutputFormat::kSafetensors, "safetensors", "One file of weights under our own names."},
    {OutputFormat::kHf, "hf", "A folder as Hugging Face's libraries read it."},
};

}  // namespace

void add_format_option(CLI::App& command, OutputFormat& format,
                       const std::vector<OutputFormat>& formats) {
  format = formats.front();
  std::vector<std::string> names;
  names.reserve(formats.size());
  for (const OutputFormat each : formats) names.push_back(name_of(kFormats, each));
  std::string list = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    list += (i + 1 < names.size() ? ", " : " or ") + names[i];
  }
  command
      .add_option_function<std::string>(
          "--format",
          [&format](const std::string& name) { format = find_row(kFormats, name)->value; },
          list + "; default: " + names.front())
      ->option_text("NAME")
      ->check(CLI::IsMember(names));
}

}  // namespace pipetrain
