#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/size.h"
#include "comm/mpi/launch.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
#include "network_options.h"
#include "number_option.h"
#include "output_format.h"
#include "plan/report.h"
#include "run_options.h"
#include "setup/plan_measure.h"
#include "setup/plan_request.h"
#include "startup.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

constexpr double kMeasureSeconds = 3;

struct PlanOptions : RunOptions {
  PlanAsked asked;
  std::string write;
  OutputFormat format = OutputFormat::kText;
};

void check(const PlanOptions& options) {
  require_config(options, "plan");
  require(options.asked.ranks > 0, "--ranks N", "plan");
  if (!options.asked.memory.empty()) parse_size(options.asked.memory, "--memory");
  if (!options.write.empty() && std::filesystem::exists(options.write)) {
    fail("--write: " + options.write + " exists and is not replaced; name a new file");
  }
}

PlanInputs measure(const MpiSession& session, const Startup& started, const PlanRequest& request) {
  const auto with = [&](Crew& crew) {
    return measure_plan_inputs(started.config, started.data.shape, started.source.get(), request,
                               crew, kMeasureSeconds);
  };
  if (session.size() == 1) {
    ThreadCrew crew = thread_crew(session.cores().cores, request.ranks);
    return with(crew);
  }
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, started.wait, StageNumbers{static_cast<int>(ranks.size())});
  MpiCollective collective(ranks, pool, started.wait, &mailbox);
  RankCrew crew(collective, mailbox, pool, started.world);
  return with(crew);
}

void check_fits(const PlanResult& result, const PlanRequest& request) {
  if (!result.plans.empty()) return;
  const Plan& least = result.least_memory;
  fail("nothing fits into " + size_text(request.memory_bytes) + " a rank: the least is " +
       size_text(least.memory_bytes) + ", for " + text_of(least.candidate, request.ranks) +
       "; take more --ranks, more --memory, or a smaller train.batch_size or model");
}

int plan(const MpiSession& session, ErrorReport& report, const PlanOptions& options) {
  const Startup started =
      open_inputs(rank_at_start(session, report, options.bind), options, options.asked.ranks);
  PlanRequest request;
  report.agree([&] {
    request = plan_request(options.asked, started.config, started.data.shape, started.grid,
                           static_cast<std::int64_t>(available_bytes()));
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
      const Config planned = planned_config(started.config, best.candidate);
      if (!write_renamed(options.write, resolved_yaml(planned))) {
        fail("--write: cannot write " + system_reason(options.write));
      }
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
  add_bind_option(command, options->bind);
  add_number(command, "--ranks", options->asked.ranks, "N", kOneOrMore,
             "how many ranks to plan for; required");
  command
      .add_option(
          "--memory", options->asked.memory,
          "most memory of a rank, such as 16GiB; default: the host's free memory over its ranks")
      ->option_text("SIZE");
  command
      .add_option(
          "--precisions", options->asked.precisions,
          "kinds of numbers to choose from, float32,bfloat16; default: the configuration's alone")
      ->option_text("LIST")
      ->delimiter(',')
      ->check(CLI::IsMember(names_of(kPrecisions)));
  command
      .add_option(
          "--slices", options->asked.slices,
          "slices of sequences to weigh beside whole ones, such as 2,4; default: 2, 4 and 8")
      ->option_text("LIST")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20));
  add_network_options(command, options->asked.network, "default: measured");
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
