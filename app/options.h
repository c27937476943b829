// What the command line of pipetrain says, parsed. It must not know what is done with it.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

// Options of the commands that read a configuration.
struct RunOptions {
  std::string command;
  std::string config;
  std::vector<std::string> overrides;  // "key.path=value", short flags included
  std::string log_level = "info";
  std::string format = "text";  // text | json
  bool no_progress = false;
  int bench_steps = 0;
};

}  // namespace pipetrain
