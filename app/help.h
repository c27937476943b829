// How --help reads: a summary and the default command's options, or one command's options. It must
// not know which options there are.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <utility>

namespace pipetrain {

class Help : public CLI::Formatter {
 public:
  // The program's page shows the options of the command `shown` in full.
  explicit Help(std::string shown) : shown_(std::move(shown)) {
    column_width(26);
    label("Positionals", "What it is about");
  }

  // How a command is called, "pipetrain schedule --name NAME [OPTION]...".
  void set_usage(const CLI::App* command, std::string usage) {
    usages_[command] = std::move(usage);
  }

  const std::string& usage_of(const CLI::App* command) const { return usages_.at(command); }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_option_name(const CLI::Option* option, bool positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;

 private:
  std::string shown_;
  std::map<const CLI::App*, std::string> usages_;
};

}  // namespace pipetrain
