// pipetrain's command line: options in, one call of a command out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "commands.h"
#include "options.h"

namespace pipetrain {
namespace {

constexpr const char* kAbout =
    "pipetrain trains a neural network cut into pipeline stages across MPI ranks on CPUs.\n"
    "  mpirun -np 4 pipetrain --config configs/shakespeare.yaml --set data.path=corpus.txt";

// A flag that is another name for `--set key=value`.
void add_short(CLI::App& command, RunOptions& options, const std::string& flag,
               const std::string& key, const std::string& help) {
  command.add_option_function<std::string>(
      flag,
      [&options, key](const std::string& value) { options.overrides.push_back(key + "=" + value); },
      help + " (" + key + ")");
}

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--config", options.config, "the YAML configuration")->required();
  command.add_option("--set", options.overrides, "set a configuration key: --set train.steps=100")
      ->type_name("KEY.PATH=VALUE")
      ->expected(1)
      ->take_all();
  add_short(command, options, "--schedule", "pipeline.schedule", "gpipe, 1f1b, ...");
  add_short(command, options, "--microbatches", "pipeline.microbatches", "microbatches of a step");
  add_short(command, options, "--virtual-stages", "pipeline.virtual_stages", "stages per rank");
  command.add_option("--log-level", options.log_level, "trace, debug, info, warning, error, off")
      ->capture_default_str();
}

// `pipetrain --config FILE` is `pipetrain train --config FILE`.
std::vector<std::string> with_default_command(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  static const std::array<std::string, 4> kOwn = {"--help", "-h", "--version", "--help-all"};
  const bool names_command = words.empty() || !words[0].starts_with("-") ||
                             std::find(kOwn.begin(), kOwn.end(), words[0]) != kOwn.end();
  if (!names_command) words.insert(words.begin(), "train");
  return words;
}

int run(int argc, char** argv) {
  CLI::App app(kAbout, "pipetrain");
  app.require_subcommand(1);
  app.set_version_flag("--version", "pipetrain " PIPETRAIN_VERSION);
  app.footer(
      "`train` is the default command. `pipetrain COMMAND --help` lists a command's options.");
  RunOptions options;

  CLI::App* train = app.add_subcommand("train", "train a model (the default command)");
  add_run_options(*train, options);
  add_short(*train, options, "--output", "train.output", "run directory");
  train->add_flag("--no-progress", options.no_progress, "no progress bar on a terminal");

  CLI::App* bench =
      app.add_subcommand("bench", "time training steps against the machine's best matrix product");
  add_run_options(*bench, options);
  bench->add_option("--steps", options.bench_steps, "timed steps; default: ten seconds' worth")
      ->check(CLI::PositiveNumber);
  bench->add_option("--format", options.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();

  std::vector<std::string> words = with_default_command(argc, argv);
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  std::string wrong;
  try {
    app.parse(words);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    wrong = std::string(error.what()) + "; see pipetrain --help";
  }
  const MpiSession session;
  return run_and_report(session, [&](ErrorReport& report) {
    report.agree([&] {
      if (!wrong.empty()) throw Error(ExitCode::kConfiguration, wrong);
    });
    return train->parsed() ? train_command(session, report, options)
                           : bench_command(session, report, options);
  });
}

}  // namespace
}  // namespace pipetrain

int main(int argc, char** argv) { return pipetrain::run(argc, argv); }
