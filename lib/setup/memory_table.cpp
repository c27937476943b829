#include "setup/memory_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>

namespace pipetrain {
namespace {

struct MemoryColumn {
  const char* name;
  std::int64_t RankMemory::* bytes;
};

// In the order in which they are added up.
constexpr MemoryColumn kMemoryColumns[] = {{"weights", &RankMemory::weights},
                                           {"gathered", &RankMemory::gathered},
                                           {"gradients", &RankMemory::gradients},
                                           {"moments", &RankMemory::moments},
                                           {"overwritten", &RankMemory::overwritten},
                                           {"packed", &RankMemory::packed},
                                           {"activations", &RankMemory::activations},
                                           {"messages", &RankMemory::messages},
                                           {"work", &RankMemory::work},
                                           {"short batch", &RankMemory::short_batch},
                                           {"evaluation", &RankMemory::evaluation},
                                           {"checkpoint", &RankMemory::checkpoint}};

// The ranks that the table shows: all, or of many the fullest.
std::vector<std::size_t> shown_ranks(const std::vector<RankMemory>& memory) {
  constexpr std::size_t kMostRows = 8;
  std::vector<std::size_t> ranks(memory.size());
  std::iota(ranks.begin(), ranks.end(), std::size_t{0});
  if (ranks.size() <= kMostRows) return ranks;
  std::stable_sort(ranks.begin(), ranks.end(), [&](std::size_t a, std::size_t b) {
    return memory[a].total() > memory[b].total();
  });
  ranks.resize(kMostRows);
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

struct Unit {
  const char* name;
  double bytes;
};

// In which the fullest rank is a number of two to seven digits.
Unit unit_for(std::int64_t fullest_bytes) {
  if (fullest_bytes < std::int64_t{10} << 20) return {"KiB", 1 << 10};
  if (fullest_bytes < std::int64_t{100} << 30) return {"MiB", 1 << 20};
  return {"GiB", 1 << 30};
}

}  // namespace

std::vector<std::pair<std::string, std::int64_t>> memory_kinds(const RankMemory& memory) {
  std::vector<std::pair<std::string, std::int64_t>> kinds;
  for (const MemoryColumn& column : kMemoryColumns) {
    kinds.emplace_back(column.name, memory.*column.bytes);
  }
  return kinds;
}

std::vector<std::string> memory_table(const std::vector<RankMemory>& memory) {
  std::int64_t fullest = 0;
  for (const RankMemory& rank : memory) fullest = std::max(fullest, rank.total());
  const Unit unit = unit_for(fullest);
  const auto cell = [&](std::int64_t bytes, std::size_t width) {
    return fmt::format("  {:>{}.2f}", static_cast<double>(bytes) / unit.bytes, width);
  };
  const std::vector<std::size_t> ranks = shown_ranks(memory);
  std::string title = fmt::format("memory foreseen for each pipeline rank, in {}", unit.name);
  if (ranks.size() < memory.size()) {
    title += fmt::format("; the {} fullest of {}", ranks.size(), memory.size());
  }
  constexpr std::size_t kLeastWidth = 8;  // "12345.67"
  std::string head = fmt::format("rank  {:>{}}", "total", kLeastWidth);
  std::vector<std::string> rows;
  rows.reserve(ranks.size());
  for (const std::size_t rank : ranks) {
    rows.push_back(fmt::format("{:>4}", rank) + cell(memory[rank].total(), kLeastWidth));
  }
  for (const MemoryColumn& column : kMemoryColumns) {
    if (std::ranges::none_of(memory, [&](const auto& m) { return m.*column.bytes > 0; })) continue;
    const std::size_t width = std::max(kLeastWidth, std::string_view(column.name).size());
    head += fmt::format("  {:>{}}", column.name, width);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      rows[i] += cell(memory[ranks[i]].*column.bytes, width);
    }
  }
  rows.insert(rows.begin(), {std::move(title), std::move(head)});
  return rows;
}

}  // namespace pipetrain
