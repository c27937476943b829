#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "comm/mpi/launch.h"
#include "command.h"
#include "mpi_links.h"
#include "output_format.h"
#include "run_options.h"
#include "setup/same_model.h"
#include "setup/weights.h"
#include "startup.h"
#include "train/evaluation_report.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct EvalOptions : RunOptions {
  EvalOptions() { trains = false; }
  std::string checkpoint;
  OutputFormat format = OutputFormat::kText;
};

void check(const EvalOptions& options) {
  require_config(options, "eval");
  require(!options.checkpoint.empty(), "--checkpoint DIR", "eval");
}

void require_rows(const Evaluator& evaluator) {
  if (evaluator.rows() > 0) return;
  throw Error(
      ExitCode::kConfiguration,
      "there is nothing to evaluate: data.validation_fraction is 0 and data.validation names no "
      "files; set them as in training");
}

int eval(const MpiSession& session, ErrorReport& report, const EvalOptions& options) {
  Startup started = start(session, report, options);
  std::optional<Checkpoint> checkpoint;
  report.agree([&] {
    checkpoint = open_checkpoint(options.checkpoint);
    if (started.source) check_tokenizer(*checkpoint, *started.source);
  });
  MpiLinks mpi(session, started.grid, started.model->stage_numbers(), started.wait,
               started.model->copies());
  const GridLinks links = mpi.links();
  PipelineRank pipeline(started.config, *started.model, links, mpi.pool(), Mode::kEvaluate);
  report.agree([&] {
    load_weights(*checkpoint, pipeline.state);
    check_model(*checkpoint, started.config.model);
  });

  std::unique_ptr<Coordinator> coordinator;
  if (started.source) {
    coordinator = make_coordinator(*started.source, pipeline, links.mailbox, mpi.pool());
  }
  Evaluator evaluator(started.config.train, pipeline, links.world, started.source.get(),
                      coordinator.get());
  report.agree([&] { require_rows(evaluator); });
  log_oddities(started);
  nlohmann::ordered_json found = {{"checkpoint", options.checkpoint},
                                  {"step", checkpoint->position().step}};
  found.update(run_evaluation(evaluator, pipeline, mpi.pool(), links.world));
  if (session.rank() != 0) return 0;
  add_bits_per_byte(found, *started.source, evaluator.rows());
  write_output_through_mpirun(options.format == OutputFormat::kJson ? found.dump(2) + "\n"
                                                                    : evaluation_text(found));
  return 0;
}

}  // namespace

Command add_eval_command(CLI::App& command) {
  const auto options = std::make_shared<EvalOptions>();
  add_run_options(command, *options);
  add_bind_option(command, options->bind);
  command
      .add_option("--checkpoint", options->checkpoint,
                  "folder of the checkpoint, such as runs/x/checkpoints/step-00000500; required")
      ->option_text("DIR");
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {
      .usage = "[mpirun -np RANKS] pipetrain eval --config FILE --checkpoint DIR [OPTION]...",
      .check = [options] { check(*options); },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return eval(session, report, *options); }};
}

}  // namespace pipetrain
