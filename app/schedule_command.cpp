#include <cstddef>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "number_option.h"
#include "output_format.h"
#include "schedule/choose/describe.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/csv.h"
#include "schedule/draw/draw_svg.h"
#include "schedule/draw/draw_text.h"
#include "schedule/draw/json.h"
#include "schedule/search/auto_schedule.h"
#include "terminal.h"

namespace pipetrain {
namespace {

struct ScheduleOptions {
  ScheduleRequest request;
  std::string check, costs, stage_costs;
  OutputFormat format = OutputFormat::kText;
  GivenCosts given;  // costs and stage_costs, read
};

std::string text_of(const ScheduleOptions& options, const Schedule& schedule) {
  const std::string& name = options.request.name;
  if (options.format == OutputFormat::kCsv) return csv_of(schedule);
  const Costs costs = options.given.on(schedule.rank_count(), schedule.virtual_stages);
  const double live = options.request.search.live_microbatches;
  if (options.format == OutputFormat::kJson) {
    nlohmann::ordered_json json = schedule_json(name, schedule, costs);
    if (options.request.is_searched()) {
      json["least_makespan"] = least_makespan(schedule.rank_count(), schedule.microbatches, costs,
                                              options.request.search);
    }
    return json.dump() + "\n";
  }
  const Timeline timeline = simulate(schedule, costs);
  const Description words = describe(name, schedule, options.given, live);
  if (options.format == OutputFormat::kSvg)
    return draw_svg({{words.title, &timeline, words.remark}});
  const TextStyle style = terminal_style();
  std::string text = words.title + "\n" + words.remark + "\n\n" + draw_text(timeline, style);
  for (const std::string& note : words.notes) {
    text += wrapped(note, static_cast<std::size_t>(style.columns));
  }
  return text;
}

int print_schedule(ScheduleOptions& options) {
  options.given = given_costs(options.costs, options.stage_costs);
  write_output(text_of(options, choose(options.request, options.given)));
  return 0;
}

void check(ScheduleOptions& options) {
  if (options.request.name.empty() == options.check.empty()) {
    throw Error(ExitCode::kConfiguration,
                "expected one of --name NAME and --check FILE.csv; see pipetrain schedule --help");
  }
  options.request.forward_only = options.request.name == kForwardOnlySchedule;
  if (options.check.empty()) return;
  options.request.name = options.check;
  options.request.is_file = true;
}

void add_sizes(CLI::App& command, ScheduleRequest& request) {
  add_number(command, "--ranks", request.ranks, "P", kOneOrMore,
             "ranks; a table's own unless given");
  add_number(command, "--microbatches", request.microbatches, "M", kOneOrMore,
             "microbatches; a table's own unless given");
  add_number(command, "--virtual-stages", request.virtual_stages, "V", kOneOrMore,
             "stages per rank; default: the schedule's, 1 or 2");
}

}  // namespace

Command add_schedule_command(CLI::App& command) {
  const auto options = std::make_shared<ScheduleOptions>();
  command
      .add_option("--name", options->request.name,
                  "gpipe, 1f1b, zb-h1, ..., auto, forward-only, or a .csv file")
      ->type_name("NAME");
  command.add_option("--check", options->check, "a schedule of one's own, instead of --name")
      ->type_name("FILE.csv");
  add_sizes(command, options->request);
  command
      .add_option("--costs", options->costs,
                  "of a rank's F, I and W, and of a message; default: 1,1,1,0")
      ->type_name("F,I,W[,COMM]");
  command
      .add_option("--stage-costs", options->stage_costs,
                  "a row F,I,W for each stage; --costs is then COMM alone")
      ->type_name("FILE");
  add_number(command, "--live-microbatches", options->request.search.live_microbatches, "L",
             Bounds<double>{1, 1e9}, "of auto: most live microbatches per rank; default: 1f1b's");
  add_format_option(
      command, options->format,
      {OutputFormat::kText, OutputFormat::kCsv, OutputFormat::kJson, OutputFormat::kSvg});
  return {.usage = "pipetrain schedule --name NAME --ranks P --microbatches M [OPTION]...",
          .check = [options] { check(*options); },
          .run = [options] { return print_schedule(*options); }};
}

}  // namespace pipetrain
