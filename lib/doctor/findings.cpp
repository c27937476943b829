#include "doctor/findings.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "base/suggest.h"

namespace pipetrain {
namespace {

using Ranks = std::span<const Checkup>;

// A rank is slow below these shares of the median of all.
constexpr double kSlowProduct = 0.8, kSlowMemory = 0.6, kSlowLink = 0.3;
constexpr double kLeastProcessorShare = 0.8;
constexpr double kMostClockSeconds = 1;
constexpr std::int64_t kFewestFiles = 1024;
constexpr std::int64_t kLeastMemory = std::int64_t{512} << 20;  // for a rank

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The ranks of which `is` holds: "rank 2 (node7)", "ranks 0, 1 (node3, node4)"; empty: none.
std::string ranks_where(Ranks ranks, const std::function<bool(std::size_t)>& is) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> numbers;
  std::set<std::string> hosts;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (!is(r)) continue;
    hosts.insert(ranks[r].host);
    numbers.push_back(std::to_string(r));
  }
  if (numbers.empty()) return {};
  const std::size_t all = numbers.size();
  if (all > kMost) numbers.resize(kMost);
  return (all == 1 ? "rank " : "ranks ") + join(numbers) +
         (all > kMost ? fmt::format(" and {} more", all - kMost) : "") + " (" +
         join({hosts.begin(), hosts.end()}) + ")";
}

// "AVX2, ... on rank 0 (a); AVX-512, ... on rank 1 (b)" where ranks differ; empty: they do not.
std::string differences(Ranks ranks, const std::function<std::string(const Checkup&)>& value) {
  std::vector<std::string> values;
  for (const Checkup& rank : ranks) {
    if (std::ranges::find(values, value(rank)) == values.end()) values.push_back(value(rank));
  }
  if (values.size() < 2) return {};
  std::string text;
  for (const std::string& each : values) {
    text += (text.empty() ? "" : "; ") + each + " on " +
            ranks_where(ranks, [&](std::size_t r) { return value(ranks[r]) == each; });
  }
  return text;
}

// Whether its threads had a core each, all the time: else its rates say nothing of its host.
bool had_its_cores(const Checkup& rank) {
  return rank.threads * rank.sharing <= rank.cores && rank.processor_share >= kLeastProcessorShare;
}

// Ranks whose rate lies below a share of the median of all: with both figures, in units of `unit`.
std::string slow_ranks(Ranks ranks, double share, double unit, const char* units,
                       const std::function<double(const Checkup&)>& rate) {
  std::vector<double> rates;
  for (const Checkup& rank : ranks) {
    if (had_its_cores(rank)) rates.push_back(rate(rank));
  }
  const double usual = median_of(rates);
  const std::string slow = ranks_where(ranks, [&](std::size_t r) {
    return had_its_cores(ranks[r]) && rate(ranks[r]) < share * usual;
  });
  if (slow.empty()) return {};
  return fmt::format("{}: {:.3g} {} where the median of all ranks is {:.3g}", slow,
                     *std::ranges::min_element(rates) / unit, units, usual / unit);
}

std::string slow_rank(Ranks ranks) {
  return slow_ranks(ranks, kSlowProduct, 1e9, "GFLOP/s a thread", [](const Checkup& rank) {
    return rank.product_flops / std::max(1, rank.threads);
  });
}

std::string slow_memory(Ranks ranks) {
  return slow_ranks(ranks, kSlowMemory, 1e9, "GB/s a rank",
                    [](const Checkup& rank) { return rank.bandwidth; });
}

// Each link is compared with those of its kind: within a host, or between hosts.
std::string slow_link(Ranks ranks) {
  const auto crosses = [&](std::size_t r) { return ranks[r].host != ranks[r + 1].host; };
  for (const bool between : {false, true}) {
    std::vector<double> rates;
    for (std::size_t r = 0; r + 1 < ranks.size(); ++r) {
      if (crosses(r) == between) rates.push_back(ranks[r].next.bytes_per_second);
    }
    const double usual = median_of(rates);
    for (std::size_t r = 0; r + 1 < ranks.size(); ++r) {
      const double rate = ranks[r].next.bytes_per_second;
      if (crosses(r) != between || rate >= kSlowLink * usual) continue;
      return fmt::format(
          "messages from rank {} ({}) to rank {} ({}): {:.3g} GB/s where the median of links {} is "
          "{:.3g}",
          r, ranks[r].host, r + 1, ranks[r + 1].host, rate / 1e9,
          between ? "between hosts" : "within a host", usual / 1e9);
    }
  }
  return {};
}

std::string crowded(Ranks ranks) {
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    return ranks[r].sharing > ranks[r].cores && ranks[r].cores >= ranks[r].host_cores;
  });
  return who.empty() ? "" : "more ranks than cores: " + who;
}

std::string bound_to_few(Ranks ranks) {
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    return ranks[r].sharing > ranks[r].cores && ranks[r].cores < ranks[r].host_cores &&
           ranks[r].quota == 0;
  });
  return who.empty() ? "" : "several ranks on the same few cores of a host with more: " + who;
}

std::string many_threads(Ranks ranks) {
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    return ranks[r].sharing <= ranks[r].cores &&
           ranks[r].threads * ranks[r].sharing > ranks[r].cores;
  });
  return who.empty() ? "" : "more threads than cores: " + who;
}

// Where a rank's own siblings do not explain it.
std::string busy(Ranks ranks) {
  double least = 1;
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    const Checkup& rank = ranks[r];
    const bool is = rank.processor_share < kLeastProcessorShare && rank.quota == 0 &&
                    rank.threads * rank.sharing <= rank.cores;
    if (is) least = std::min(least, rank.processor_share);
    return is;
  });
  if (who.empty()) return {};
  return fmt::format(
      "other programs take the processors, of which ranks had as little as {:.0f}%: {}",
      100 * least, who);
}

std::string quota(Ranks ranks) {
  for (const Checkup& rank : ranks) {
    if (rank.quota == 0 || rank.quota >= rank.host_cores) continue;
    return fmt::format("a control group grants {:.3g} of {} cores on {}", rank.quota,
                       rank.host_cores, rank.host);
  }
  return {};
}

std::string little_memory(Ranks ranks) {
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    const auto others = std::ranges::count(ranks, ranks[r].host, &Checkup::host);
    return ranks[r].free_memory_bytes > 0 && ranks[r].free_memory_bytes / others < kLeastMemory;
  });
  return who.empty() ? "" : "less than 512 MiB of free memory a rank: " + who;
}

std::string clocks(Ranks ranks) {
  double most = 0;
  for (const Checkup& rank : ranks) most = std::max(most, std::abs(rank.clock_ahead_seconds));
  if (most <= kMostClockSeconds) return {};
  return fmt::format("the time of day differs from rank 0's by up to {:.3g} s: {}", most,
                     ranks_where(ranks, [&](std::size_t r) {
                       return std::abs(ranks[r].clock_ahead_seconds) > kMostClockSeconds;
                     }));
}

std::string directory(Ranks ranks) {
  if (!ranks.empty() && !ranks[0].directory_problem.empty()) return ranks[0].directory_problem;
  const std::string who =
      ranks_where(ranks, [&](std::size_t r) { return !ranks[r].sees_directory; });
  return who.empty() ? "" : "what rank 0 writes there is not seen by " + who;
}

std::string files(Ranks ranks) {
  const std::string who = ranks_where(ranks, [&](std::size_t r) {
    return ranks[r].open_files >= 0 && ranks[r].open_files < kFewestFiles;
  });
  return who.empty() ? "" : fmt::format("fewer than {} open files allowed: {}", kFewestFiles, who);
}

std::string instructions(Ranks ranks) {
  return differences(ranks, [](const Checkup& rank) { return rank.instructions; });
}

std::string mpi(Ranks ranks) {
  return differences(ranks, [](const Checkup& rank) { return rank.mpi; });
}

// What is looked for. `found` returns what it has found, or nothing.
struct Row {
  const char* name;
  std::string (*found)(Ranks ranks);
  const char* cure;
};

constexpr Row kRows[] = {
    {"instructions", instructions,
     "use hosts with the same processors and the same oneDNN: results differ in their last digits "
     "else, and all wait for the slowest"},
    {"mpi", mpi, "use the same MPI library on all hosts"},
    {"crowded", crowded, "start at most as many ranks as there are cores"},
    {"bound-to-few-cores", bound_to_few,
     "mpirun --bind-to none, or --map-by slot:PE=n with n cores for each rank; under Slurm "
     "--cpus-per-task=n"},
    {"many-threads", many_threads,
     "leave OMP_NUM_THREADS out, or set it to the cores divided by the ranks of a host"},
    {"busy", busy, "end them, or run when they have ended; pipetrain gives way and gets its share"},
    {"quota", quota, "start as many ranks x threads as the quota grants, or ask for more of it"},
    {"slow-rank", slow_rank,
     "see what else runs there, its clock frequency and its temperature; or leave that host out"},
    {"slow-memory", slow_memory,
     "see what else runs there, and whether its memory channels are all filled"},
    {"slow-link", slow_link,
     "see how these hosts are connected and which interface MPI takes "
     "(OMPI_MCA_btl_tcp_if_include)"},
    {"little-memory", little_memory, "end what takes it, or leave that host out"},
    {"clocks", clocks, "start a time service (chrony, systemd-timesyncd) on all hosts"},
    {"directory", directory,
     "write runs and checkpoints to a directory that all hosts share (--directory DIR asks for "
     "another)"},
    {"open-files", files, "ulimit -n 4096 before mpirun, on every host"},
};

}  // namespace

std::vector<Finding> findings_of(Ranks ranks) {
  std::vector<Finding> findings;
  for (const Row& row : kRows) {
    std::string what = row.found(ranks);
    if (!what.empty()) findings.push_back({row.name, std::move(what), row.cure});
  }
  return findings;
}

}  // namespace pipetrain
