// pipetrain's command line: options in, one call of a command out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "base/stop_request.h"
#include "base/suggest.h"
#include "comm/mpi/launch.h"
#include "command.h"
#include "examples.h"
#include "help.h"
#include "ops/team.h"
#include "ops/waiting.h"
#include "option_lines.h"
#include "setup/same_start.h"
#include "version_text.h"

namespace pipetrain {
namespace {

constexpr const char* kAbout =
    "pipetrain trains a neural network on CPUs, cut into pipeline stages over MPI ranks.";
constexpr const char* kFooter =
    "\nFor example, on 4 ranks:\n"
    "  pipetrain --example shakespeare > my.yaml\n"
    "  mpirun -np 4 pipetrain --config my.yaml --set data.path=corpus.txt\n\n"
    "pipetrain help keys lists all keys of a configuration.\n";

std::vector<Command> add_commands(CLI::App& app, Help& help) {
  std::vector<Command> commands = add_all_commands(app);
  for (const Command& command : commands) {
    CLI::App& options = *command.options;
    help.set_usage(&options, command.usage);
    options.allow_extras();  // refused by check_words, with the nearest option
    const std::string group = "Options of " + options.get_name();
    for (CLI::Option* option : options.get_options()) option->group(group);
  }
  return commands;
}

const Command* find_command(const std::vector<Command>& commands, const std::string& name) {
  const auto found = std::ranges::find_if(
      commands, [&](const Command& command) { return command.options->get_name() == name; });
  return found == commands.end() ? nullptr : &*found;
}

// `pipetrain --config FILE` is `pipetrain train --config FILE`, and `pipetrain help train` is
// `pipetrain train --help`.
std::vector<std::string> with_default_command(int argc, char** argv,
                                              const std::vector<Command>& commands) {
  std::vector<std::string> words(argv + 1, argv + argc);
  static const std::array<std::string, 4> kOwn = {"--help", "-h", "--version", "--example"};
  const bool default_command =
      !words.empty() && words[0].starts_with("-") &&
      std::ranges::find(kOwn, words[0].substr(0, words[0].find('='))) == kOwn.end();
  if (default_command) words.insert(words.begin(), "train");
  if (words.size() > 1 && words[0] == "help" && find_command(commands, words[1]) != nullptr) {
    words[0] = std::exchange(words[1], "--help");
  }
  return words;
}

// Behind what is wrong with the words of a command; of none, or of one that is not known, too.
std::string see_help(const CLI::App* command) {
  return "; see pipetrain " + (command == nullptr ? "" : command->get_name() + " ") + "--help";
}

[[noreturn]] void refuse(const std::string& what, const CLI::App* command = nullptr) {
  throw Error(ExitCode::kConfiguration, what + see_help(command));
}

// The command that the words ask for; none if they ask for the program's help or version.
const Command* asked_command(const std::vector<Command>& commands,
                             const std::vector<std::string>& words) {
  if (words.empty()) refuse("nothing to do; expected pipetrain --config FILE");
  if (words[0].starts_with("-")) {
    const std::size_t own = words[0] == "--example" ? 2 : 1;
    const bool asks_help = words[0] == "-h" || words[0] == "--help";  // --help train: of all
    if (words.size() > own && !asks_help) {
      refuse("unexpected word '" + words[own] + "' behind " + words[0]);
    }
    return nullptr;
  }
  if (const Command* found = find_command(commands, words[0])) return found;
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const Command& command : commands) names.push_back(command.options->get_name());
  refuse("unknown command '" + words[0] + "'; expected one of " + join(names));
}

// After parsing: what was not understood.
void check_words(const CLI::App& command) {
  const std::vector<std::string> extras = command.remaining();
  const auto option =
      std::ranges::find_if(extras, [](const auto& w) { return w.starts_with("-"); });
  if (option != extras.end()) {
    std::vector<std::string> known;
    for (const CLI::Option* o : command.get_options()) known.push_back(o->get_name());
    const std::string name = option->substr(0, option->find('='));
    refuse("unknown option '" + name + "' of " + command.get_name() +
               "; the nearest known one is '" + nearest_word(name, known) + "'",
           &command);
  }
  if (!extras.empty()) refuse("unexpected word '" + extras.front() + "'", &command);
}

// What an option of the program itself asks to be shown; thrown as CLI11 throws --help.
struct Shown {
  std::string text;
};

int show(const std::string& text) {
  return run_and_report([&] {
    write_output(text);
    return static_cast<int>(ExitCode::kDone);
  });
}

int run(int argc, char** argv) {
  keep_hangup_ignored();
  hide_bad_threads();
  set_up_log(kUsualLogLevel);
  CLI::App app(kAbout, "pipetrain");
  const auto help = std::make_shared<Help>("train");
  app.formatter(help);
  app.set_help_flag("-h,--help", "show this page, or a command's own");
  app.set_version_flag("--version", version_text)
      ->description("show the version, and those of MPI, oneDNN and the compiler");
  app.add_option_function<std::string>(
         "--example", [](const std::string& name) { throw Shown{example_text(name)}; },
         "print a configuration to begin with: shakespeare, resnet18, ...")
      ->option_text("NAME");
  app.footer(kFooter);
  const std::vector<Command> commands = add_commands(app, *help);

  const std::vector<std::string> words = with_default_command(argc, argv, commands);
  const Command* command = nullptr;
  std::string wrong, crowded;
  try {
    command = asked_command(commands, words);
    if (command != nullptr && command->computes()) crowded = settle_waiting(argv);
    app.parse(
        std::vector<std::string>(words.rbegin(), words.rend()));  // backwards, as CLI11 takes them
    if (command != nullptr) {
      check_words(*command->options);
      command->check();
    }
  } catch (const Shown& asked) {
    return show(asked.text);
  } catch (const CLI::Success& asked) {
    std::ostringstream text;
    app.exit(asked, text);
    return show(text.str());
  } catch (const CLI::ParseError& error) {
    wrong = error.what() + see_help(command == nullptr ? nullptr : command->options);
  } catch (const Error& error) {
    wrong = error.what();
  }
  // The program's own options need no ranks.
  const bool alone = command == nullptr ? !words.empty() && words[0].starts_with("-")
                                        : static_cast<bool>(command->run);
  if (alone) {
    return run_and_report([&] {
      if (!wrong.empty()) throw Error(ExitCode::kConfiguration, wrong);
      return command->run();
    });
  }
  const auto tasks = launched_tasks();
  const auto refuse_tasks = [&] {
    return run_and_report([&]() -> int {
      if (tasks->task == 0) throw Error(ExitCode::kConfiguration, tasks->if_separate);
      return static_cast<int>(ExitCode::kConfiguration);
    });
  };
  if (tasks && tasks->surely_separate) return refuse_tasks();
  const MpiSession session(crowded);
  if (tasks && session.size() == 1) return refuse_tasks();
  return run_and_report(session, [&](ErrorReport& report) {
    report.agree([&] {
      if (!wrong.empty()) throw Error(ExitCode::kConfiguration, wrong);
    });
    require_same_start(program_lines() + option_lines(*command->options), report.world());
    return command->run_on_ranks(session, report);
  });
}

}  // namespace
}  // namespace pipetrain

int main(int argc, char** argv) {
  pipetrain::take_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error of its write
  return pipetrain::run_and_report([&] { return pipetrain::run(argc, argv); });
}
