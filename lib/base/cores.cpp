#include "base/cores.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

namespace pipetrain {
namespace {

// "0-3,8-11", the first line of a file; none if there is no such file.
ProcessorSet listed_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return processors_in(line);
}

// The NUMA node of each processor that is in one.
std::map<int, int> nodes_of_processors(const std::filesystem::path& system) {
  constexpr std::string_view kNode = "node";
  std::map<int, int> nodes;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(system / "node", none)) {
    const std::string name = entry.path().filename();
    const ProcessorSet node = processors_in(name.substr(std::min(name.size(), kNode.size())));
    if (!name.starts_with(kNode) || node.count() != 1) continue;
    for (const int processor : listed_in(entry.path() / "cpulist").numbers()) {
      nodes[processor] = node.numbers().front();
    }
  }
  return nodes;
}

}  // namespace

std::vector<Core> cores_of(const ProcessorSet& processors, const std::filesystem::path& system) {
  const std::map<int, int> nodes = nodes_of_processors(system);
  std::vector<Core> cores;
  ProcessorSet seen;
  for (const int processor : processors.numbers()) {
    if (seen.contains(processor)) continue;
    const std::string name = "cpu" + std::to_string(processor);
    Core core;
    core.processors.add(processor);
    const auto node = nodes.find(processor);
    if (node != nodes.end()) core.node = node->second;
    for (const int sibling :
         listed_in(system / "cpu" / name / "topology" / "thread_siblings_list").numbers()) {
      if (processors.contains(sibling)) core.processors.add(sibling);
    }
    seen.add(core.processors);
    cores.push_back(std::move(core));
  }
  std::ranges::stable_sort(cores, {}, &Core::node);
  return cores;
}

ProcessorSet processors_of(const std::vector<Core>& cores) {
  ProcessorSet all;
  for (const Core& core : cores) all.add(core.processors);
  return all;
}

int own_cores() {
  const auto cores = static_cast<double>(cores_of(own_processors()).size());
  return static_cast<int>(std::max(1.0, std::min(cores, processor_quota())));
}

std::string text_of(const std::vector<Core>& cores) {
  const auto noun = [](std::size_t count, const std::string& one) {
    return count == 1 ? one : one + "s";
  };
  ProcessorSet nodes;  // numbers of nodes are written as those of processors are
  for (const Core& core : cores) nodes.add(core.node);
  const ProcessorSet processors = processors_of(cores);
  return std::to_string(cores.size()) + noun(cores.size(), " core") + " of NUMA " +
         noun(nodes.numbers().size(), "node") + " " + nodes.text() + " (" +
         noun(processors.numbers().size(), "processor") + " " + processors.text() + ")";
}

}  // namespace pipetrain
