#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/size.h"
#include "comm/mpi/launch.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "number_option.h"
#include "ops/team.h"
#include "output_format.h"
#include "pipeline/partition.h"
#include "plan/report.h"
#include "run_options.h"
#include "schedule/choose/schedule_request.h"
#include "setup/plan_measure.h"
#include "startup.h"

namespace pipetrain {
namespace {

constexpr double kMeasureSeconds = 3;

struct PlanOptions : RunOptions {
  int ranks = 0;
  std::string memory, write;
  OutputFormat format = OutputFormat::kText;
  std::vector<std::string> precisions;  // to weigh beside the configuration's
};

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

void check(const PlanOptions& options) {
  require_config(options);
  if (options.ranks == 0) fail("--ranks N is missing; see pipetrain plan --help");
  if (!options.memory.empty()) parse_size(options.memory, "--memory");
  if (!options.write.empty() && std::filesystem::exists(options.write)) {
    fail("--write: " + options.write + " exists and is not replaced; name a new file");
  }
}

// What the configuration says, and its schedule where that goes with so many ranks.
PlanRequest make_request(const PlanOptions& options, const Startup& started, int layers) {
  const Config& config = started.config;
  const PipelineConfig& pipeline = config.pipeline;
  PlanRequest request{.ranks = options.ranks};
  for (const std::string& precision : options.precisions) {
    request.precisions.push_back(find_row(kPrecisions, precision)->value);
  }
  request.live_microbatches = pipeline.live_microbatches;
  request.memory_bytes = options.memory.empty()
                             ? static_cast<std::int64_t>(available_bytes()) / options.ranks
                             : parse_size(options.memory, "--memory");
  Candidate& own = request.configured;
  own.data = started.grid.data();
  own.tensor = started.grid.tensor();
  own.pipeline = started.grid.pipeline();
  own.shard = own.data > 1 ? config.parallel.shard : Shard::kNone;
  own.schedule = pipeline.schedule;
  own.recompute = pipeline.recompute;
  own.precision = config.train.precision;
  own.microbatches = std::min(4 * own.pipeline, config.train.batch_size / own.data);
  const ScheduleRequest asked = schedule_request(config, own.pipeline);
  if (why_not(asked)) return request;  // the search is for one that goes
  Schedule schedule = choose_without_costs(asked);
  if (schedule.microbatches > asked.most_microbatches ||
      why_no_partition(pipeline, layers, own.pipeline * schedule.virtual_stages)) {
    return request;
  }
  own.virtual_stages = schedule.virtual_stages;
  own.microbatches = schedule.microbatches;
  request.configured_schedule = std::move(schedule);
  return request;
}

// A precision that is asked for must run here.
void check_precisions(const PlanOptions& options, Config config) {
  for (const std::string& precision : options.precisions) {
    config.train.precision = find_row(kPrecisions, precision)->value;
    try {
      check_scope(config, options.ranks);
    } catch (const Error& error) {
      throw Error(error.code(), "--precisions " + precision + ": " + error.what());
    }
  }
}

PlanInputs measure(const MpiSession& session, const Startup& started, const PlanRequest& request) {
  const auto with = [&](Crew& crew) {
    return measure_plan_inputs(started.config, started.data.shape, started.source.get(), request,
                               crew, kMeasureSeconds);
  };
  if (session.size() == 1) {
    const int cores = session.cores();
    const int asked = asked_threads().threads;
    const int threads = settle_team(asked > 0 ? asked : std::max(1, cores / request.ranks));
    ThreadCrew crew(std::clamp(cores / threads, 1, request.ranks), threads);
    return with(crew);
  }
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, started.wait, 1);
  MpiCollective collective(ranks, pool, started.wait, &mailbox);
  RankCrew crew(collective, mailbox, pool, started.world.cores_per_rank());
  return with(crew);
}

void check_fits(const PlanResult& result, const PlanRequest& request) {
  if (!result.plans.empty()) return;
  const Plan& least = result.least_memory;
  fail("nothing fits into " + size_text(request.memory_bytes) + " a rank: the least is " +
       size_text(least.memory_bytes) + ", for " + text_of(least.candidate, request.ranks) +
       "; take more --ranks, more --memory, or a smaller train.batch_size or model");
}

// The best plan of one pipeline over all ranks in the best plan's precision, if there is one.
const Plan& best_pipeline(const PlanResult& result, int ranks) {
  const DType precision = result.plans.front().candidate.precision;
  const auto all = std::find_if(result.plans.begin(), result.plans.end(), [&](const Plan& p) {
    return p.candidate.pipeline == ranks && p.candidate.precision == precision;
  });
  return all == result.plans.end() ? result.plans.front() : *all;
}

// The configuration with the plan in it, written aside and renamed.
void write_configuration(const std::string& file, Config config, const Candidate& plan) {
  PipelineConfig& pipeline = config.pipeline;
  pipeline.schedule = plan.schedule;
  pipeline.microbatches = plan.microbatches;
  pipeline.virtual_stages = plan.virtual_stages;
  pipeline.partition = PartitionRule::kAuto;
  pipeline.recompute = plan.recompute;
  if (plan.schedule != kSearchedSchedule) pipeline.live_microbatches = 0;
  config.parallel.data = plan.data;
  config.parallel.tensor = plan.tensor;
  config.parallel.shard = plan.shard;
  config.train.precision = plan.precision;
  if (!write_renamed(file, resolved_yaml(config))) {
    fail("--write: cannot write " + system_reason(file));
  }
}

int plan(const MpiSession& session, ErrorReport& report, const PlanOptions& options) {
  const Startup started = open_inputs(rank_at_start(session, report), options, options.ranks);
  PlanRequest request;
  report.agree([&] {
    // What is wrong with the model is said here.
    const auto layers =
        build_layers(started.config.model, started.data.shape, {}, started.config.train.precision);
    check_precisions(options, started.config);
    request = make_request(options, started, static_cast<int>(layers.size()));
  });
  log_notes(started.threads);
  const PlanInputs inputs = measure(session, started, request);
  report.agree([&] {
    if (session.rank() != 0) return;
    const PlanResult result = search_plans(inputs, request);
    check_fits(result, request);
    const Plan& best = result.plans.front();
    const PlanReport shown{
        inputs, request, result,
        compare_ways(inputs, request.ranks, best_pipeline(result, request.ranks))};
    const bool json = options.format == OutputFormat::kJson;
    std::string text = json ? plan_json(shown).dump(2) + "\n" : plan_text(shown);
    if (!options.write.empty()) {
      write_configuration(options.write, started.config, best.candidate);
      if (!json) {
        text += "\nwritten: mpirun -np " + std::to_string(best.candidate.ranks()) +
                " pipetrain --config " + options.write + "\n";
      }
    }
    write_output_through_mpirun(text);
  });
  return 0;
}

}  // namespace

Command add_plan_command(CLI::App& command) {
  const auto options = std::make_shared<PlanOptions>();
  add_config_options(command, *options);
  add_number(command, "--ranks", options->ranks, "N", kOneOrMore, "ranks to plan for; required");
  command
      .add_option("--memory", options->memory,
                  "that a rank may take, such as 16GiB; default: free memory over the ranks")
      ->option_text("SIZE");
  command
      .add_option("--precisions", options->precisions,
                  "float32,bfloat16: weigh these, too; default: the configuration's alone")
      ->option_text("LIST")
      ->delimiter(',')
      ->check(CLI::IsMember(names_of(kPrecisions)));
  command.add_option("--write", options->write, "write the best plan as a new configuration")
      ->option_text("FILE");
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {
      .usage = "[mpirun -np RANKS] pipetrain plan --config FILE --ranks N [OPTION]...",
      .check = [options] { check(*options); },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return plan(session, report, *options); }};
}

}  // namespace pipetrain
