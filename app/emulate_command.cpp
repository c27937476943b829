#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "emulate/emulation_report.h"
#include "emulate/emulation_schedules.h"
#include "emulation_printer.h"
#include "number_option.h"
#include "ops/team.h"
#include "option_lines.h"
#include "output_format.h"
#include "run_options.h"
#include "schedule/simulate/figures.h"
#include "schedule/table_file.h"
#include "setup/layout.h"
#include "startup.h"

namespace pipetrain {
namespace {

constexpr const char* kDefaultCosts = "20,20,20";
constexpr int kDefaultMessageBytes = 1024;
constexpr int kMostMessageBytes = 1 << 30;
constexpr double kMostCostMs = 1e6;
// Ranks that only wait leave the cores free, and a late message would count as bubble.
constexpr std::chrono::microseconds kLongestNap{50};
constexpr double kTimeoutSeconds = 600;  // beyond what the step should take

struct EmulateOptions : RunOptions {
  std::string schedule;
  OutputFormat format = OutputFormat::kText;
  std::string costs_ms;  // empty: kDefaultCosts
  int ranks = 0, microbatches = 0, virtual_stages = 0;
  int message_bytes = 0;  // 0: not given
  int steps = EmulationOptions{}.steps;
  double live_microbatches = 0;
};

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

// "20,20,20" of --costs-ms, in seconds.
StageCost parse_costs(const std::string& text) {
  std::vector<double> costs;
  for_each_part(text, ',', [&](std::string_view part) {
    const double cost = parse_number<double>(content_of(part)).value_or(-1);
    if (cost >= 0 && cost <= kMostCostMs) costs.push_back(cost);
  });
  const bool well_formed = costs.size() == 3 && std::ranges::count(text, ',') == 2;
  if (!well_formed || costs[0] + costs[1] + costs[2] == 0) {
    fail("--costs-ms: found '" + text +
         "'; expected milliseconds of F,I,W for one microbatch on a rank, such as 20,20,20: each "
         "from 0 to 1e6, not all 0");
  }
  return {1e-3 * costs[0], 1e-3 * costs[1], 1e-3 * costs[2]};
}

void check(EmulateOptions& options) {
  const bool searches = options.schedule == kSearchedSchedule || options.schedule == kAllSchedules;
  if (options.message_bytes % 4 != 0) {
    fail("--message-bytes: found " + std::to_string(options.message_bytes) +
         "; expected a multiple of 4: messages are of 32-bit numbers");
  }
  if (options.config.empty()) {
    if (options.schedule.empty()) {
      fail("--schedule NAME or --config FILE is missing; see pipetrain emulate --help");
    }
    if (!options.overrides.empty()) fail("--set is for --config FILE, which is missing");
    if (options.costs_ms.empty()) options.costs_ms = kDefaultCosts;
    parse_costs(options.costs_ms);
    if (options.live_microbatches > 0 && !searches) {
      fail("--live-microbatches limits what --schedule auto searches for, found --schedule " +
           options.schedule);
    }
  } else if (!options.costs_ms.empty() || options.message_bytes > 0) {
    fail("--costs-ms and --message-bytes are for emulations without a model, found --config " +
         options.config + "; leave them out");
  }
}

void check_ranks(const EmulateOptions& options, const MpiSession& session) {
  if (options.ranks == 0 || options.ranks == session.size()) return;
  fail("--ranks " + std::to_string(options.ranks) + ", but " + std::to_string(session.size()) +
       " started; run mpirun -np " + std::to_string(options.ranks) + " pipetrain emulate ...");
}

class Emulator {
 public:
  Emulator(const MpiSession& session, const EmulateOptions& options)
      : session_(session),
        ranks_(static_cast<std::size_t>(session.size())),
        wait_{kTimeoutSeconds, session.oversubscribed(), kLongestNap} {
    std::iota(ranks_.begin(), ranks_.end(), 0);
    emulation_.steps = options.steps;
  }

  MpiCollective collective() { return {ranks_, pool_, wait_}; }

  // From now on messages are of this size. Returns how long one takes.
  double measure_messages(std::int64_t bytes) {
    emulation_.message_bytes = bytes;
    MpiMailbox mailbox(ranks_, pool_, wait_, 1);
    MpiCollective collective(ranks_, pool_, wait_, &mailbox);
    return measure_message_seconds(bytes, mailbox, collective, pool_);
  }

  nlohmann::ordered_json run(const std::string& name, const Schedule& schedule,
                             const Costs& costs) {
    WaitOptions wait = wait_;
    wait.timeout_seconds += simulate(schedule, costs).makespan();
    MpiMailbox mailbox(ranks_, pool_, wait, schedule.virtual_stages);
    MpiCollective collective(ranks_, pool_, wait, &mailbox);
    const std::vector<std::string> hosts = collective.all_gather_text(session_.host());
    return emulation_json(name, schedule, costs, emulation_,
                          emulate(schedule, costs, emulation_, hosts, mailbox, collective, pool_));
  }

 private:
  const MpiSession& session_;
  std::vector<int> ranks_;
  WaitOptions wait_;
  EmulationOptions emulation_;
  MemoryPool pool_;
};

// Of every rank's list the one that rank 0 chose.
std::vector<NamedSchedule> choose(ErrorReport& report, const MpiSession& session,
                                  const ScheduleRequest& request, const GivenCosts& costs,
                                  Collective& collective) {
  std::string text;
  report.agree([&] {
    if (session.rank() == 0) text = to_text(choose_schedules(request, costs));
  });
  return named_schedules_of(collective.all_gather_text(text).front());
}

// A microbatch's number is part of its messages' tags.
void check_microbatches(const Schedule& schedule) {
  if (schedule.ranks.empty()) return;
  tag_of({.stage = schedule.stage_count() - 1, .microbatch = schedule.microbatches - 1},
         schedule.rank_count(), schedule.virtual_stages);
}

int emulate_costs(const MpiSession& session, ErrorReport& report, const EmulateOptions& options) {
  Emulator emulator(session, options);
  MpiCollective collective = emulator.collective();
  settle_team(1);
  const ScheduleRequest request{.name = options.schedule,
                                .ranks = session.size(),
                                .microbatches = options.microbatches,
                                .virtual_stages = options.virtual_stages,
                                .search = {.live_microbatches = options.live_microbatches}};
  const GivenCosts costs{
      .rank_share = parse_costs(options.costs_ms),
      .message = emulator.measure_messages(options.message_bytes > 0 ? options.message_bytes
                                                                     : kDefaultMessageBytes)};
  const auto schedules = choose(report, session, request, costs, collective);
  report.agree([&] {
    for (const NamedSchedule& s : schedules) check_microbatches(s.schedule);
  });
  const bool json = options.format == OutputFormat::kJson, all = options.schedule == kAllSchedules;
  EmulationPrinter printer(session.rank() == 0, json, all);
  for (const NamedSchedule& s : schedules) {
    if (!s.missing.empty()) {
      printer.add_missing(s.name, s.missing);
    } else {
      printer.add(emulator.run(s.name, s.schedule,
                               costs.on(s.schedule.rank_count(), s.schedule.virtual_stages)));
    }
  }
  printer.finish();
  return 0;
}

// The model of a configuration, cut and scheduled as training would. The command line's flags win
// over the file, as in training.
int emulate_model(const MpiSession& session, ErrorReport& report, EmulateOptions options) {
  const auto set = [&](const std::string& key, const auto& value) {
    if (value == std::decay_t<decltype(value)>{}) return;
    options.overrides.push_back(key + "=" + nlohmann::json(value).dump());
  };
  set("pipeline.schedule", options.schedule);
  set("pipeline.microbatches", options.microbatches);
  set("pipeline.virtual_stages", options.virtual_stages);
  if (options.live_microbatches > 0) {  // "2", not "2.0"
    options.overrides.push_back("pipeline.live_microbatches=" +
                                short_number(options.live_microbatches));
  }
  const Startup started = start(session, report, options);
  log_notes({.waiting = {}, .warnings = started.threads.warnings});
  report.agree([&] {
    if (started.grid.data() > 1) fail("parallel.data: emulate runs a single pipeline; set it to 1");
    if (started.grid.tensor() > 1) fail("parallel.tensor: emulate runs whole layers; set it to 1");
  });
  Emulator emulator(session, options);
  MpiCollective collective = emulator.collective();
  Layout layout = choose_layout(started.config, *started.model, collective);
  if (layout.layer_costs.empty()) {
    layout.layer_costs = measure_layers(started.config, *started.model, collective);
  }
  report.agree([&] { check_microbatches(layout.schedule); });
  settle_team(1);
  const double message = emulator.measure_messages(
      largest_message_bytes(started.config, *started.model, layout.partition));
  EmulationPrinter printer(session.rank() == 0, options.format == OutputFormat::kJson,
                           /*table=*/false);
  const auto emulate_cut = [&](const Partition& partition) {
    nlohmann::ordered_json emulation =
        emulator.run(started.config.pipeline.schedule, layout.schedule,
                     {stage_costs(layout.layer_costs, partition), message});
    emulation["partition"] = partition;
    return emulation;
  };
  nlohmann::ordered_json emulation = emulate_cut(layout.partition);
  // On the same costs, so that the two can be compared.
  const Partition uniform = uniform_partition(static_cast<int>(started.model->layers.size()),
                                              started.model->stage_count());
  if (layout.partition != uniform) emulation["uniform"] = emulate_cut(uniform);
  printer.add(std::move(emulation));
  printer.finish();
  return 0;
}

int run(const MpiSession& session, ErrorReport& report, const EmulateOptions& options) {
  report.agree([&] { check_ranks(options, session); });
  return options.config.empty() ? emulate_costs(session, report, options)
                                : emulate_model(session, report, options);
}

}  // namespace

Command add_emulate_command(CLI::App& command) {
  const auto options = std::make_shared<EmulateOptions>();
  add_config_options(command, *options);
  // Without a model, ranks do other things.
  may_differ(command.get_option("--config"), false)
      ->description("emulate the model of this YAML configuration");
  command
      .add_option("--schedule", options->schedule,
                  "a schedule's name, auto, a .csv file, or all for a table of all")
      ->option_text("NAME");
  add_number(command, "--ranks", options->ranks, "P", kOneOrMore,
             "checked against what mpirun started");
  add_number(command, "--microbatches", options->microbatches, "M", kOneOrMore,
             "microbatches a step");
  add_number(command, "--virtual-stages", options->virtual_stages, "V", kOneOrMore,
             "stages per rank; default: the schedule's");
  command
      .add_option("--costs-ms", options->costs_ms,
                  "of a microbatch on a rank, all its stages together; default: " +
                      std::string(kDefaultCosts))
      ->option_text("F,I,W");
  add_number(command, "--message-bytes", options->message_bytes, "N",
             Bounds<int>{4, kMostMessageBytes}, "of each message; default: 1024");
  add_number(command, "--live-microbatches", options->live_microbatches, "L",
             Bounds<double>{1, 1e9}, "most live microbatches of a rank for auto; default: 1F1B's");
  add_number(command, "--steps", options->steps, "N", kOneOrMore,
             "steps to time, after one more; default: " + std::to_string(options->steps));
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {
      .usage = "mpirun -np RANKS pipetrain emulate --schedule NAME --microbatches M [OPTION]...",
      .check = [options] { check(*options); },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return run(session, report, *options); }};
}

}  // namespace pipetrain
