#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/suggest.h"
#include "base/table.h"
#include "command.h"
#include "network_options.h"
#include "number_option.h"
#include "output_format.h"
#include "report/explorer.h"
#include "schedule/choose/describe.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/choose/schedule_table.h"
#include "schedule/csv.h"
#include "schedule/draw/draw_down.h"
#include "schedule/draw/draw_svg.h"
#include "schedule/draw/draw_text.h"
#include "schedule/draw/json.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/network_text.h"
#include "schedule/simulate/overlap.h"
#include "schedule/trace/chrome_trace.h"
#include "terminal.h"

namespace pipetrain {
namespace {

constexpr double kCostSeconds = 1e-3;  // that a cost of 1 means beside links

struct ScheduleOptions {
  ScheduleRequest request;
  std::string check, costs, stage_costs, placement;
  std::string vocabulary, vocabulary_costs;  // empty: not given
  NetworkAsked network;
  int message_bytes = 0;  // 0: not given
  int steps = 1;
  std::string between = "flush";  // a name of kStepRules
  bool recompute = false;
  bool explore = false;  // instead of one schedule a page with all
  OutputFormat format = OutputFormat::kText;
  GivenCosts given;  // costs and stage_costs, read
};

// Several steps, one after the other.
Timeline steps_of(const ScheduleOptions& options, const Schedule& schedule, const Costs& costs) {
  check_own_links(costs, schedule.placement);
  const Program program = program_of(schedule, features_of(costs));
  const StepRule rule = *step_rule_of(options.between);
  return simulate_steps(program, costs, options.steps, rule,
                        rule == StepRule::kDelayed ? overlap_steps(program, costs) : Overlap());
}

// With R, if it is wanted, at the cost of F.
Costs costs_of(const ScheduleOptions& options, const Schedule& schedule) {
  Costs costs = options.given.on(schedule.placement);
  if (options.recompute) {
    for (StageCost& stage : costs.stages) stage.recompute = stage.forward;
  }
  return costs;
}

// What describe() says of the schedule without R has no bearing on one with it.
Description description_of(const ScheduleOptions& options, const Schedule& schedule) {
  Description words = describe(options.request.name, schedule, options.given,
                               search_options(options.request, schedule));
  if (!options.recompute) return words;
  words.remark = words.remark.substr(0, words.remark.find("; B as one action")) +
                 "; R, which runs F again, costs as much as F";
  words.notes.clear();
  return words;
}

std::string text_of(const ScheduleOptions& options, const Schedule& schedule) {
  const std::string& name = options.request.name;
  if (options.format == OutputFormat::kCsv) return csv_of(schedule);
  const Costs costs = costs_of(options, schedule);
  if (options.format == OutputFormat::kJson) {
    nlohmann::ordered_json json = schedule_json(name, schedule, costs);
    if (options.request.is_searched()) {
      json["least_makespan"] = least_makespan(schedule.rank_count(), schedule.microbatches, costs,
                                              search_options(options.request, schedule),
                                              json["makespan_gradients_first"].get<double>());
    }
    if (options.steps > 1) {
      const Timeline steps = steps_of(options, schedule, costs);
      json["steps"] = {{"count", options.steps},
                       {"between", options.between},
                       {"makespan", steps.makespan()},
                       {"bubble_fraction", steps.bubble_fraction()},
                       {"peak_live_microbatches", steps.peak_live_microbatches}};
    }
    return json.dump() + "\n";
  }
  if (options.format == OutputFormat::kHtml)
    return schedule_page(name, schedule, options.given, options.recompute);
  const bool several = options.steps > 1;
  const Timeline timeline =
      several ? steps_of(options, schedule, costs) : simulate(schedule, costs);
  Description words = description_of(options, schedule);
  if (several) {
    const std::string m = std::to_string(schedule.microbatches);
    words.title += "; " + std::to_string(options.steps) + " steps, " + options.between +
                   " between them: microbatch m of step s is " + m + " s + m";
  }
  if (options.format == OutputFormat::kTrace) return schedule_trace(words.title, timeline);
  if (options.format == OutputFormat::kSvg)
    return draw_svg({{words.title, &timeline, words.remark}});
  const std::string head = words.title + "\n" + words.remark + "\n\n";
  if (options.format == OutputFormat::kDown) return head + draw_down(timeline);
  const TextStyle style = terminal_style();
  std::string text = head + draw_text(timeline, style);
  for (const std::string& note : words.notes) {
    text += wrapped(note, static_cast<std::size_t>(style.columns));
  }
  return text;
}

std::string text_of_all(const ScheduleOptions& options) {
  const std::vector<ScheduleRow> rows = schedule_table(options.request, options.given);
  return options.format == OutputFormat::kJson ? table_json(rows).dump() + "\n" : table_text(rows);
}

void check_network(const ScheduleOptions& options) {
  const bool has_links = !options.network.links.empty();
  if (has_links && options.given.message > 0) {
    throw Error(ExitCode::kConfiguration,
                "--links say what a message takes, found COMM in --costs, too; leave one out");
  }
  if (!has_links && options.message_bytes > 0) {
    throw Error(ExitCode::kConfiguration,
                "--message-bytes is for --links, which are missing; give a message's cost as COMM "
                "in --costs, or --links");
  }
  if (options.request.cuts_vocabulary() && options.format == OutputFormat::kHtml) {
    throw Error(
        ExitCode::kConfiguration,
        "--format html shows schedules whose vocabulary is whole; leave --vocabulary out, or "
        "take --format svg");
  }
  if (options.given.network && options.format == OutputFormat::kHtml) {
    throw Error(ExitCode::kConfiguration,
                "--format html shows ranks and links that are alike; leave --links and --speeds "
                "out, or take --format svg");
  }
}

int print_schedule(ScheduleOptions& options) {
  if (options.explore) {
    write_output(explorer_page());
    return 0;
  }
  options.given = given_costs(options.costs, options.stage_costs);
  options.given.piece = given_piece_cost(options.vocabulary_costs, "--vocabulary-costs");
  options.given.network = network_of(
      options.network, options.message_bytes > 0 ? options.message_bytes : kDefaultMessageBytes,
      kCostSeconds);
  check_network(options);
  const auto check_pieces = [&](bool has_pieces) {
    check_piece_cost(options.vocabulary_costs, "--vocabulary-costs", has_pieces);
  };
  if (options.request.name == kAllSchedules) {
    check_pieces(options.request.cuts_vocabulary());
    write_output(text_of_all(options));
    return 0;
  }
  const Schedule schedule = choose(options.request, options.given);
  check_pieces(schedule.cuts_vocabulary());
  write_output(text_of(options, schedule));
  return 0;
}

void check(ScheduleOptions& options) {
  if (!options.placement.empty()) {
    options.request.placement = parse_placement(options.placement, "--placement");
  }
  options.request.vocabulary = parse_vocabulary(options.vocabulary);
  const bool one = !options.request.name.empty() || !options.check.empty();
  if (options.explore) {
    if (!one) return;
    throw Error(ExitCode::kConfiguration,
                "--explore shows all published schedules, found --name or --check, too; for a page "
                "of one schedule give --format html");
  }
  if (options.request.name.empty() == options.check.empty()) {
    throw Error(ExitCode::kConfiguration,
                "expected one of --name NAME, --check FILE.csv and --explore; see pipetrain "
                "schedule --help");
  }
  const bool drawn = options.format != OutputFormat::kText && options.format != OutputFormat::kJson;
  if (options.request.name == kAllSchedules && drawn) {
    throw Error(ExitCode::kConfiguration,
                "--name all is a table of figures; expected --format text or json");
  }
  const bool single = options.format == OutputFormat::kCsv || options.format == OutputFormat::kHtml;
  if (options.steps > 1 && single) {
    throw Error(ExitCode::kConfiguration,
                "--steps: a table or a page is of one step; leave it out");
  }
  if (options.steps == 1 && options.between != "flush") {
    throw Error(ExitCode::kConfiguration,
                "--between-steps is for steps that follow each other; give --steps of at least 2");
  }
  options.request.forward_only = options.request.name == kForwardOnlySchedule;
  if (options.steps > 1 &&
      (options.request.forward_only || options.request.name == kAllSchedules)) {
    throw Error(ExitCode::kConfiguration,
                "--steps are of one schedule that trains, found --name " + options.request.name);
  }
  if (options.check.empty()) return;
  options.request.name = options.check;
  options.request.is_file = true;
}

// Which there are, and what each means.
std::string step_rules_help() {
  std::string text = "of several steps, how one follows the other.";
  for (const auto& rule : kStepRules) {
    text += " " + std::string(rule.name) + ": " + std::string(rule.meaning);
  }
  return text + " Default: flush";
}

void add_sizes(CLI::App& command, ScheduleRequest& request) {
  add_number(command, "--ranks", request.ranks, "P", kOneOrMore,
             "how many ranks; default: those of the table");
  add_number(command, "--microbatches", request.microbatches, "M", kOneOrMore,
             "parts that a step's batch is cut into; default: those of the table");
  add_number(command, "--virtual-stages", request.virtual_stages, "V", kOneOrMore,
             "stages of each rank; default: the schedule's, 1 or 2");
  add_number(command, "--slices", request.slices, "N", kOneOrMore,
             "slices of equal work that each microbatch's sequences are cut into; default: 1");
}

}  // namespace

Command add_schedule_command(CLI::App& command) {
  const auto options = std::make_shared<ScheduleOptions>();
  command
      .add_option("--name", options->request.name,
                  "gpipe, 1f1b, zb-h1, ..., auto, forward-only, a .csv file, or all for a table")
      ->type_name("NAME");
  command
      .add_option("--check", options->check,
                  "check and simulate this table, instead of --name: a row for each rank, of "
                  "actions such as 2F0")
      ->type_name("FILE.csv");
  command.add_flag("--explore", options->explore,
                   "write a page for a browser, with all published schedules to play with");
  add_sizes(command, options->request);
  command.add_option("--placement", options->placement, placement_help())->type_name("PLACEMENT");
  command
      .add_option(
          "--costs", options->costs,
          "time of a microbatch's forward, input gradient and weight gradient on a rank, and of a "
          "message; default: 1,1,1,0")
      ->type_name("F,I,W[,COMM]");
  command
      .add_option("--stage-costs", options->stage_costs,
                  "a row F,I,W for each stage; --costs is then COMM alone")
      ->type_name("FILE");
  command.add_option("--vocabulary", options->vocabulary, vocabulary_help())
      ->option_text("PLACE")
      ->check(CLI::IsMember(names_of(kVocabularyPlaces)));
  command
      .add_option("--vocabulary-costs", options->vocabulary_costs,
                  "time of a microbatch's S and T on a rank, the two passes over its piece of the "
                  "vocabulary; default: 1,1")
      ->type_name("S,T");
  add_network_options(command, options->network, "costs are then milliseconds");
  add_number(command, "--message-bytes", options->message_bytes, "N",
             Bounds<int>{1, kMostMessageBytes}, "of each message, for --links; default: 1024");
  add_number(command, "--steps", options->steps, "N", kOneOrMore,
             "how many steps, one after the other; default: 1");
  command.add_option("--between-steps", options->between, step_rules_help())
      ->type_name("RULE")
      ->check(CLI::IsMember(names_of(kStepRules)));
  command.add_flag(
      "--recompute", options->recompute,
      "stages keep only their inputs and run their forward again before the backward, as R");
  add_number(command, "--live-microbatches", options->request.search.live_microbatches, "L",
             Bounds<double>{1, 1e9},
             "for auto: of how many microbatches a rank may keep activations; default: 1f1b's");
  add_format_option(
      command, options->format,
      {OutputFormat::kText, OutputFormat::kDown, OutputFormat::kCsv, OutputFormat::kJson,
       OutputFormat::kSvg, OutputFormat::kHtml, OutputFormat::kTrace});
  return {.usage = "pipetrain schedule --name NAME --ranks P --microbatches M [OPTION]...",
          .check = [options] { check(*options); },
          .run = [options] { return print_schedule(*options); }};
}

}  // namespace pipetrain
