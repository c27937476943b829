// A folder like /sys/devices/system of a made-up machine, removed at the end.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "base/processors.h"

namespace pipetrain {

inline ProcessorSet set_of(std::initializer_list<int> processors) {
  ProcessorSet set;
  for (const int processor : processors) set.add(processor);
  return set;
}

class Machine {
 public:
  Machine() { std::filesystem::create_directories(root_); }
  ~Machine() { std::filesystem::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // "0,8": the hardware threads of one core, as the system lists them.
  void add_core(const std::string& processors) const {
    for (const int processor : processors_in(processors).numbers()) {
      write("cpu/cpu" + std::to_string(processor) + "/topology/thread_siblings_list", processors);
    }
  }
  void add_node(int node, const std::string& processors) const {
    write("node/node" + std::to_string(node) + "/cpulist", processors);
  }
  const std::filesystem::path& root() const { return root_; }

 private:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text << "\n";
  }

  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("pipetrain-machine-" + std::to_string(getpid()));
};

// Two nodes of `cores` cores each, of two hardware threads: the second one of core n is 2 x cores +
// n.
class TwoSockets : public Machine {
 public:
  explicit TwoSockets(int cores = 4) {
    const int all = 2 * cores;
    for (int core = 0; core < all; ++core) {
      add_core(std::to_string(core) + "," + std::to_string(all + core));
    }
    for (int node = 0; node < 2; ++node) {
      const auto range = [&](int first) {
        return std::to_string(first) + "-" + std::to_string(first + cores - 1);
      };
      add_node(node, range(node * cores) + "," + range(all + node * cores));
    }
  }
};

}  // namespace pipetrain
