#include "doctor/checkup_report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "base/size.h"

namespace pipetrain {
namespace {

constexpr std::size_t kWidestHost = 16;

std::string seconds_text(double seconds) {
  return seconds < 1e-3 ? fmt::format("{:.3g} us", 1e6 * seconds)
                        : fmt::format("{:.3g} ms", 1e3 * seconds);
}

std::string limit_text(std::int64_t limit) {
  return limit < 0 ? "any" : size_text(static_cast<std::size_t>(limit));
}

// Cut in the middle, since hosts of a cluster differ at both ends.
std::string short_host(const std::string& host) {
  if (host.size() <= kWidestHost) return host;
  const std::size_t half = (kWidestHost - 2) / 2;
  return host.substr(0, half) + ".." + host.substr(host.size() - half);
}

std::string rank_line(std::size_t number, const Checkup& rank, bool last) {
  return fmt::format("{:>4}  {:<16} {:>5} {:>7} {:>10.1f} {:>9.2f} {:>10} {:>9} {:>7}\n", number,
                     short_host(rank.host), rank.cores, rank.threads, rank.product_flops / 1e9,
                     rank.bandwidth / 1e9,
                     size_text(static_cast<std::size_t>(rank.free_memory_bytes)),
                     last ? "" : seconds_text(rank.next.latency_seconds),
                     last ? "" : fmt::format("{:.2f}", rank.next.bytes_per_second / 1e9));
}

// What is usually the same everywhere: once for each kind of host.
std::string host_lines(std::span<const Checkup> ranks) {
  std::string text;
  std::set<std::string> seen;
  for (const Checkup& rank : ranks) {
    if (!seen.insert(rank.host).second) continue;
    text += fmt::format(
        "{}: {} ({} core{}), {}, {}, open files {}, locked memory {}, clock {:+.3g} s\n", rank.host,
        rank.processor.empty() ? "processor without a name" : rank.processor, rank.host_cores,
        rank.host_cores == 1 ? "" : "s", rank.instructions, rank.mpi,
        rank.open_files < 0 ? "any" : std::to_string(rank.open_files),
        limit_text(rank.locked_memory_bytes), rank.clock_ahead_seconds);
  }
  return text;
}

}  // namespace

std::string checkup_text(std::span<const Checkup> ranks, std::span<const Finding> findings) {
  std::string text = host_lines(ranks);
  text += fmt::format("\n{:>4}  {:<16} {:>5} {:>7} {:>10} {:>9} {:>10} {:>9} {:>7}\n", "rank",
                      "host", "cores", "threads", "GFLOP/s", "GB/s", "free", "to next", "GB/s");
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    text += rank_line(r, ranks[r], r + 1 == ranks.size());
  }
  text += "\n";
  for (const Finding& finding : findings) {
    text += fmt::format("{}: {}\n  {}\n", finding.name, finding.what, finding.cure);
  }
  if (findings.empty()) text += "Nothing was found that will hurt a run.\n";
  return text;
}

nlohmann::ordered_json checkup_json(std::span<const Checkup> ranks,
                                    std::span<const Finding> findings) {
  nlohmann::ordered_json json{{"ranks", nlohmann::ordered_json::array()},
                              {"findings", nlohmann::ordered_json::array()}};
  for (const Checkup& rank : ranks) json["ranks"].push_back(json_of(rank));
  for (const Finding& f : findings) {
    json["findings"].push_back({{"name", f.name}, {"what", f.what}, {"cure", f.cure}});
  }
  return json;
}

}  // namespace pipetrain
