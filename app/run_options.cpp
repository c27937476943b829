#include "run_options.h"

#include <string>

#include "base/log.h"
#include "base/size.h"
#include "base/table.h"
#include "command.h"
#include "option_lines.h"
#include "usage_error.h"

namespace pipetrain {

void add_short(CLI::App& command, RunOptions& options, const std::string& flag,
               const std::string& placeholder, const std::string& key, const std::string& help) {
  CLI::Option* option =
      command.add_option_function<std::string>(flag, [&options, key](const std::string& value) {
        options.overrides.push_back(key + "=" + value);
      });
  may_differ(option)->description(help + " (" + key + ")")->type_name(placeholder);
}

void add_log_level(CLI::App& command) {
  CLI::Option* option = command.add_option_function<std::string>(
      "--log-level", set_up_log,
      "how much is logged: trace, debug, info, warning, error or off; default: " +
          std::string(kUsualLogLevel));
  may_differ(option)->type_name("LEVEL");
}

void add_bind_option(CLI::App& command, Binding& bind) {
  command
      .add_option_function<std::string>(
          "--bind", [&bind](const std::string& name) { bind = find_row(kBindings, name)->value; },
          "cores: ranks that mpirun has given the same cores divide them; none: they share them; "
          "default: cores")
      ->type_name("cores|none")
      ->check(CLI::IsMember(names_of(kBindings)));
}

void add_config_options(CLI::App& command, RunOptions& options) {
  may_differ(command.add_option("--config", options.config, "the YAML configuration; required"))
      ->type_name("FILE");
  may_differ(
      command.add_option("--set", options.overrides,
                         "set any configuration key, as often as needed: --set train.steps=100"))
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  add_log_level(command);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_config_options(command, options);
  add_short(command, options, "--schedule", "NAME", "pipeline.schedule",
            "the order of each rank's work: gpipe, 1f1b, zb-h1, ..., auto, or a .csv file");
  add_short(command, options, "--microbatches", "M", "pipeline.microbatches",
            "parts that a step's batch is cut into");
  add_short(command, options, "--virtual-stages", "V", "pipeline.virtual_stages",
            "stages of each rank");
  may_differ(command.add_option(
                 "--memory-limit", options.memory_limit,
                 "most memory of a rank, such as 16GiB; default: the host's free memory over its "
                 "ranks"))
      ->type_name("SIZE");
}

void require_config(const RunOptions& options, const std::string& command) {
  if (!options.memory_limit.empty()) parse_size(options.memory_limit, "--memory-limit");
  require(!options.config.empty(), "--config FILE", command);
}

}  // namespace pipetrain
