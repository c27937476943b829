#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number.h"
#include "base/suggest.h"
#include "base/table.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "emulate/emulated_model.h"
#include "emulate/emulation_schedules.h"
#include "emulate/emulator.h"
#include "emulation_printer.h"
#include "network_options.h"
#include "number_option.h"
#include "option_lines.h"
#include "output_format.h"
#include "replaceable.h"
#include "run_options.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/network_text.h"
#include "schedule/simulate/overlap.h"
#include "schedule/table_file.h"
#include "schedule/trace/chrome_trace.h"
#include "startup.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

constexpr const char* kDefaultCosts = "20,20,20";
constexpr const char* kDefaultVocabularyCosts = "10,5";
constexpr double kMostCostMs = 1e6;

struct EmulateOptions : RunOptions, EmulationFlags {
  EmulateOptions() { bind = Binding::kNone; }  // ranks that wait need no cores

  OutputFormat format = OutputFormat::kText;
  std::string costs_ms;             // empty: kDefaultCosts
  std::string vocabulary_costs_ms;  // empty: kDefaultVocabularyCosts
  int ranks = 0;
  int message_bytes = 0;  // 0: not given
  int steps = EmulationOptions{}.steps;
  std::string trace;    // a file; empty: none
  std::string between;  // a name of kStepRules; empty: each step alone, or as --config has it
  NetworkAsked network;
};

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

// "10,5" of --vocabulary-costs-ms, in seconds.
PieceCost parse_vocabulary_costs(const std::string& text) {
  const PieceCost ms =
      given_piece_cost(text.empty() ? kDefaultVocabularyCosts : text, "--vocabulary-costs-ms");
  return {1e-3 * ms.forward, 1e-3 * ms.backward};
}

PlacementChoice placement_of(const EmulateOptions& options) {
  return options.placement.empty() ? PlacementChoice()
                                   : parse_placement(options.placement, "--placement");
}

void check(EmulateOptions& options) {
  placement_of(options);
  const bool searches = options.schedule == kSearchedSchedule || options.schedule == kAllSchedules;
  if (options.message_bytes % 4 != 0) {
    fail("--message-bytes: found " + std::to_string(options.message_bytes) +
         "; expected a multiple of 4: messages are of 32-bit numbers");
  }
  if (!options.trace.empty() && options.schedule == kAllSchedules) {
    fail("--trace is of one schedule, found --schedule all; name one");
  }
  if (!options.trace.empty()) {
    require_replaceable("--trace", options.trace, "a trace", is_own_trace);
  }
  if (options.config.empty()) {
    require(!options.schedule.empty(), "--schedule NAME or --config FILE", "emulate");
    if (!options.overrides.empty()) fail("--set is for --config FILE, which is missing");
    if (options.costs_ms.empty()) options.costs_ms = kDefaultCosts;
    parse_costs(options.costs_ms);
    parse_vocabulary_costs(options.vocabulary_costs_ms);
    if (options.live_microbatches > 0 && !searches) {
      fail("--live-microbatches limits what --schedule auto searches for, found --schedule " +
           options.schedule);
    }
  } else if (!options.costs_ms.empty() || !options.vocabulary_costs_ms.empty() ||
             options.message_bytes > 0) {
    fail(
        "--costs-ms, --vocabulary-costs-ms and --message-bytes are for emulations without a model, "
        "found --config " +
        options.config + "; leave them out");
  }
}

void check_ranks(const EmulateOptions& options, const MpiSession& session) {
  if (options.ranks == 0 || options.ranks == session.size()) return;
  fail("--ranks " + std::to_string(options.ranks) + ", but " + std::to_string(session.size()) +
       " started; run mpirun -np " + std::to_string(options.ranks) + " pipetrain emulate ...");
}

// MPI's. They live as long as their members are used.
class MpiEmulationLinks {
 public:
  explicit MpiEmulationLinks(const MpiSession& session)
      : ranks_(static_cast<std::size_t>(session.size())) {
    std::iota(ranks_.begin(), ranks_.end(), 0);
  }

  EmulationLinks links() {
    return {.pool = pool_,
            .mailbox =
                [this](const WaitOptions& wait, StageNumbers stages) {
                  return std::make_unique<MpiMailbox>(ranks_, pool_, wait, stages);
                },
            .collective =
                [this](const WaitOptions& wait, Mailbox* mailbox) {
                  return std::make_unique<MpiCollective>(ranks_, pool_, wait, mailbox);
                },
            .check_name = tag_of};
  }

 private:
  std::vector<int> ranks_;
  MemoryPool pool_;
};

Emulator emulator_of(MpiEmulationLinks& links, const MpiSession& session,
                     const EmulateOptions& options) {
  Emulator emulator(links.links(), session.host(), session.oversubscribed(),
                    {.steps = options.steps, .between = step_rule_of(options.between)});
  emulator.trace_into(options.trace);
  return emulator;
}

// Before any rank waits for another.
void check_network(const GivenCosts& given, const Placement& placement) {
  if (!given.network || placement.stage_count() == 0) return;
  ways_of(at_rank_speeds(given.on(placement), placement), placement);
}

int emulate_costs(const MpiSession& session, ErrorReport& report, const EmulateOptions& options) {
  MpiEmulationLinks links(session);
  Emulator emulator = emulator_of(links, session, options);
  const ScheduleRequest request{.name = options.schedule,
                                .ranks = session.size(),
                                .microbatches = options.microbatches,
                                .virtual_stages = options.virtual_stages,
                                .slices = options.slices,
                                .placement = placement_of(options),
                                .vocabulary = parse_vocabulary(options.vocabulary),
                                .search = {.live_microbatches = options.live_microbatches}};
  const int message_bytes =
      options.message_bytes > 0 ? options.message_bytes : kDefaultMessageBytes;
  GivenCosts costs{.rank_share = parse_costs(options.costs_ms),
                   .piece = parse_vocabulary_costs(options.vocabulary_costs_ms),
                   .message = emulator.measure_messages(message_bytes)};
  report.agree(
      [&] { costs.network = network_of(options.network, message_bytes, /*unit_seconds=*/1); });
  const auto schedules = agreed_schedules(request, costs, report.world());
  report.agree([&] {
    bool pieces = false;
    for (const NamedSchedule& s : schedules) {
      emulator.check_microbatches(s.schedule);
      check_network(costs, s.schedule.placement);
      pieces = pieces || s.schedule.cuts_vocabulary();
    }
    check_piece_cost(options.vocabulary_costs_ms, "--vocabulary-costs-ms", pieces);
  });
  const bool json = options.format == OutputFormat::kJson, all = options.schedule == kAllSchedules;
  EmulationPrinter printer(session.rank() == 0, json, all);
  for (const NamedSchedule& s : schedules) {
    if (!s.missing.empty()) {
      printer.add_missing(s.name, s.missing);
    } else {
      printer.add(emulator.run(s.name, s.schedule, costs.on(s.schedule.placement)));
    }
  }
  printer.finish();
  return 0;
}

int emulate_config(const MpiSession& session, ErrorReport& report, EmulateOptions options) {
  for (std::string& flag : overrides_of(options)) options.overrides.push_back(std::move(flag));
  const Startup started = start(session, report, options);
  if (options.between.empty() && started.config.pipeline.delay > 0) {
    options.between = name_of(kStepRules, StepRule::kDelayed);
  }
  if (options.between.empty() && started.config.pipeline.post_validation) {
    options.between = name_of(kStepRules, StepRule::kPostValidation);
  }
  log_notes({.waiting = {}, .bindings = {}, .warnings = started.threads.warnings});
  MpiEmulationLinks links(session);
  Emulator emulator = emulator_of(links, session, options);
  EmulationPrinter printer(session.rank() == 0, options.format == OutputFormat::kJson,
                           /*table=*/false);
  printer.add(emulate_model(started, emulator, report.world(), options.network));
  printer.finish();
  return 0;
}

int run(const MpiSession& session, ErrorReport& report, const EmulateOptions& options) {
  report.agree([&] { check_ranks(options, session); });
  return options.config.empty() ? emulate_costs(session, report, options)
                                : emulate_config(session, report, options);
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
                  "gpipe, 1f1b, zb-h1, ..., auto, a .csv file, or all for a table of all")
      ->option_text("NAME");
  add_number(command, "--ranks", options->ranks, "P", kOneOrMore,
             "how many ranks mpirun is to have started; only checked");
  add_number(command, "--microbatches", options->microbatches, "M", kOneOrMore,
             "parts that a step's batch is cut into");
  add_number(command, "--virtual-stages", options->virtual_stages, "V", kOneOrMore,
             "stages of each rank; default: the schedule's, 1 or 2");
  add_number(command, "--slices", options->slices, "N", kOneOrMore,
             "slices of equal work that each microbatch's sequences are cut into; default: 1");
  command
      .add_option(
          "--costs-ms", options->costs_ms,
          "milliseconds of a microbatch's forward, input gradient and weight gradient on a rank, "
          "all its stages together; default: " +
              std::string(kDefaultCosts))
      ->option_text("F,I,W");
  command.add_option("--placement", options->placement, placement_help())->option_text("PLACEMENT");
  command.add_option("--vocabulary", options->vocabulary, vocabulary_help())
      ->option_text("PLACE")
      ->check(CLI::IsMember(names_of(kVocabularyPlaces)));
  command
      .add_option(
          "--vocabulary-costs-ms", options->vocabulary_costs_ms,
          "milliseconds of a microbatch's S and T on a rank, of --vocabulary parallel or vocab-1; "
          "default: " +
              std::string(kDefaultVocabularyCosts))
      ->option_text("S,T");
  add_number(command, "--message-bytes", options->message_bytes, "N",
             Bounds<int>{4, kMostMessageBytes}, "size of each message; default: 1024");
  add_network_options(command, options->network, "messages then take as long");
  add_number(command, "--live-microbatches", options->live_microbatches, "L",
             Bounds<double>{1, 1e9},
             "for auto: of how many microbatches a rank may keep activations; default: 1f1b's");
  add_number(
      command, "--steps", options->steps, "N", kOneOrMore,
      "how many steps to time, after one that is not; default: " + std::to_string(options->steps));
  command
      .add_option("--trace", options->trace,
                  "write what the ranks did, for https://ui.perfetto.dev")
      ->option_text("FILE.json");
  command
      .add_option("--between-steps", options->between,
                  "steps follow each other: " + join(names_of(kStepRules), " or "))
      ->option_text("RULE")
      ->check(CLI::IsMember(names_of(kStepRules)));
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {
      .usage = "mpirun -np RANKS pipetrain emulate --schedule NAME --microbatches M [OPTION]...",
      .check = [options] { check(*options); },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return run(session, report, *options); }};
}

}  // namespace pipetrain
