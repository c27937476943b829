// pipetrain's command line: options in, one call of a command out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "commands.h"
#include "help.h"
#include "options.h"

namespace pipetrain {
namespace {

constexpr const char* kAbout =
    "pipetrain trains a neural network on CPUs, cut into pipeline stages over MPI ranks.";
constexpr const char* kFooter =
    "\nFor example, on 4 ranks:\n"
    "  mpirun -np 4 pipetrain --config configs/shakespeare.yaml --set data.path=corpus.txt\n\n"
    "Every configuration key is described in README.md.\n";
constexpr const char* kSeeHelp = "; see pipetrain --help";

// A flag that is another name for `--set key=value`.
void add_short(CLI::App& command, RunOptions& options, const std::string& flag,
               const std::string& placeholder, const std::string& key, const std::string& help) {
  command
      .add_option_function<std::string>(flag,
                                        [&options, key](const std::string& value) {
                                          options.overrides.push_back(key + "=" + value);
                                        })
      ->description(help + " (" + key + ")")
      ->type_name(placeholder);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  const std::string title = "Options of " + command.get_name();
  command.option_defaults()->group(title);
  command.get_help_ptr()->group(title);
  command.allow_extras();  // refused by check_words, with the nearest option
  command.add_option("--config", options.config, "the YAML configuration; required")
      ->type_name("FILE");
  command
      .add_option("--set", options.overrides,
                  "set any configuration key, as often as needed: --set train.steps=100")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  add_short(command, options, "--schedule", "NAME", "pipeline.schedule",
            "order of the pipeline's work: gpipe, 1f1b, zb-h1, zbv, ...");
  add_short(command, options, "--microbatches", "M", "pipeline.microbatches",
            "microbatches a step");
  add_short(command, options, "--virtual-stages", "V", "pipeline.virtual_stages",
            "stages per rank");
  command
      .add_option("--log-level", options.log_level,
                  "trace, debug, info, warning, error or off; default: " + options.log_level)
      ->type_name("LEVEL");
}

CLI::App* add_train(CLI::App& app, RunOptions& options) {
  CLI::App* train =
      app.add_subcommand("train", "Train a model; the default, so the word can be left out.");
  add_run_options(*train, options);
  add_short(*train, options, "--output", "DIR", "train.output",
            "run directory; default: runs/ and the configuration's name");
  train->add_flag("--no-progress", options.no_progress, "no progress bar on a terminal");
  return train;
}

CLI::App* add_bench(CLI::App& app, RunOptions& options) {
  CLI::App* bench =
      app.add_subcommand("bench", "Time training steps against the machine's best matrix product.");
  add_run_options(*bench, options);
  bench->add_option("--steps", options.bench_steps, "steps to time; default: 10 seconds' worth")
      ->option_text("N")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  bench->add_option("--format", options.format, "text or json; default: " + options.format)
      ->option_text("NAME")
      ->check(CLI::IsMember({"text", "json"}));
  return bench;
}

// `pipetrain --config FILE` is `pipetrain train --config FILE`.
std::vector<std::string> with_default_command(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  static const std::array<std::string, 3> kOwn = {"--help", "-h", "--version"};
  const bool default_command = !words.empty() && words[0].starts_with("-") &&
                               std::ranges::find(kOwn, words[0]) == kOwn.end();
  if (default_command) words.insert(words.begin(), "train");
  return words;
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ExitCode::kConfiguration, what + kSeeHelp);
}

void check_command(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty()) refuse("nothing to do; expected pipetrain --config FILE");
  if (words[0].starts_with("-")) return;
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  if (std::ranges::find(commands, words[0]) != commands.end()) return;
  refuse("unknown command '" + words[0] + "'; expected one of " + join(commands));
}

// After parsing: what was not understood, then what is missing.
void check_words(const CLI::App& command, const RunOptions& options) {
  const std::vector<std::string> extras = command.remaining();
  const auto option =
      std::ranges::find_if(extras, [](const auto& w) { return w.starts_with("-"); });
  if (option != extras.end()) {
    std::vector<std::string> known;
    for (const CLI::Option* o : command.get_options()) known.push_back(o->get_name());
    const std::string name = option->substr(0, option->find('='));
    refuse("unknown option '" + name + "' of " + command.get_name() +
           "; the nearest known one is '" + nearest_word(name, known) + "'");
  }
  if (!extras.empty()) refuse("unexpected word '" + extras.front() + "'");
  if (options.config.empty()) refuse("--config FILE is missing");
}

int run(int argc, char** argv) {
  CLI::App app(kAbout, "pipetrain");
  app.formatter(std::make_shared<Help>("train"));
  app.set_help_flag("-h,--help", "show this page, or a command's own");
  app.set_version_flag("--version", "pipetrain " PIPETRAIN_VERSION)
      ->description("show the version");
  app.footer(kFooter);
  RunOptions options;
  const CLI::App* const train = add_train(app, options);
  const CLI::App* const bench = add_bench(app, options);

  const std::vector<std::string> words = with_default_command(argc, argv);
  std::string wrong;
  try {
    check_command(app, words);
    app.parse(
        std::vector<std::string>(words.rbegin(), words.rend()));  // backwards, as CLI11 takes them
    const CLI::App& command = train->parsed() ? *train : *bench;
    options.command = command.get_name();
    check_words(command, options);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    wrong = error.what() + std::string(kSeeHelp);
  } catch (const Error& error) {
    wrong = error.what();
  }
  const MpiSession session;
  return run_and_report(session, [&](ErrorReport& report) {
    report.agree([&] {
      if (!wrong.empty()) throw Error(ExitCode::kConfiguration, wrong);
    });
    return options.command == "train" ? train_command(session, report, options)
                                      : bench_command(session, report, options);
  });
}

}  // namespace
}  // namespace pipetrain

int main(int argc, char** argv) { return pipetrain::run(argc, argv); }
