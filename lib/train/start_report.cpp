#include "train/start_report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace pipetrain {
namespace {

// Of one thing on all ranks: of rank 0, the mean, and the highest with its rank.
struct OverRanks {
  double first = 0, mean = 0, most = 0;
  std::size_t most_rank = 0;
};

template <class Value>
OverRanks over(const std::vector<RankStart>& ranks, const Value& value) {
  OverRanks found{.first = value(ranks.front())};
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const double mine = value(ranks[r]);
    found.mean += mine / static_cast<double>(ranks.size());
    if (r == 0 || mine > found.most) {
      found.most = mine;
      found.most_rank = r;
    }
  }
  return found;
}

std::string row(const std::string& name, const OverRanks& value, int digits) {
  return fmt::format("{:<26} {:>8.{}f} {:>8.{}f} {:>8.{}f} {:>5}", name, value.first, digits,
                     value.mean, digits, value.most, digits, value.most_rank);
}

std::string header(const std::string& what) {
  return fmt::format("{:<26} {:>8} {:>8} {:>8} {:>5}", what, "rank 0", "mean", "most", "rank");
}

constexpr double kMegabyte = 1e6;

struct MemoryRow {
  const char* name;
  std::size_t ProcessMemory::* bytes;
};
constexpr std::array kMemoryRows = {MemoryRow{"resident", &ProcessMemory::resident},
                                    MemoryRow{"proportional", &ProcessMemory::proportional},
                                    MemoryRow{"its own", &ProcessMemory::own}};

}  // namespace

std::string to_text(const RankStart& rank) {
  std::ostringstream text;
  for (const MemoryRow& each : kMemoryRows) text << rank.memory.*each.bytes << ' ';
  text << rank.tensor_bytes << '\n' << rank.times.text();
  return text.str();
}

RankStart rank_start_of(const std::string& text) {
  RankStart rank;
  std::istringstream in(text);
  for (const MemoryRow& each : kMemoryRows) in >> rank.memory.*each.bytes;
  in >> rank.tensor_bytes;
  rank.times = StartTimes::of_text(text.substr(text.find('\n') + 1));
  return rank;
}

std::vector<std::string> start_table(const std::vector<RankStart>& ranks) {
  std::vector<std::string> lines = {header("start, in seconds")};
  for (std::size_t p = 0; p < ranks.front().times.phases().size(); ++p) {
    const auto seconds = [&](const RankStart& rank) { return rank.times.phases().at(p).seconds; };
    lines.push_back(row(ranks.front().times.phases()[p].name, over(ranks, seconds), 3));
  }
  const auto total = [](const RankStart& rank) { return rank.times.total_seconds(); };
  lines.push_back(row("up to here", over(ranks, total), 3));
  lines.push_back(header("beside tensors, in MB"));
  for (const MemoryRow& each : kMemoryRows) {
    const auto beside = [&](const RankStart& rank) {
      return (static_cast<double>(rank.memory.*each.bytes) -
              static_cast<double>(rank.tensor_bytes)) /
             kMegabyte;
    };
    lines.push_back(row(each.name, over(ranks, beside), 1));
  }
  return lines;
}

}  // namespace pipetrain
