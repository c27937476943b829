#include "train/summary.h"

#include <spdlog/fmt/fmt.h>

namespace pipetrain {

std::string bytes_text(double bytes) {
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes / 1e9)
                      : fmt::format("{:.1f} MB", bytes / 1e6);
}

std::vector<std::string> describe_layout(const PipelineRank& pipeline) {
  const Layout& layout = pipeline.layout();
  const Schedule& schedule = layout.schedule;
  std::vector<std::string> lines;
  lines.push_back(fmt::format("model: {} layers, {} parameters", pipeline.layers().size(),
                              parameter_count(pipeline.layers())));
  std::string stages;
  for (std::size_t s = 0; s < layout.partition.size(); ++s) {
    const auto end = s + 1 < layout.partition.size() ? layout.partition[s + 1]
                                                     : static_cast<int>(pipeline.layers().size());
    stages += fmt::format("{}{} to {}", s == 0 ? "" : " | ", layout.partition[s], end - 1);
  }
  lines.push_back(fmt::format("pipeline: {} stages (layers {}), {} microbatches a step",
                              layout.partition.size(), stages, schedule.microbatches));
  if (!layout.layer_costs.empty()) {
    std::vector<double> totals;
    for (const StageCost& c : layout.layer_costs) {
      totals.push_back(c.forward + c.backward_input + c.backward_weight);
    }
    const auto uniform = uniform_partition(static_cast<int>(totals.size()),
                                           static_cast<int>(layout.partition.size()));
    lines.push_back(fmt::format(
        "partition: layers timed in {:.2f} s; the slowest stage takes {:.3g} ms a microbatch, cut "
        "uniformly it would take {:.3g} ms",
        layout.measure_seconds, 1e3 * slowest_stage(totals, layout.partition),
        1e3 * slowest_stage(totals, uniform)));
  }
  return lines;
}

std::string rank_table(const std::vector<RankSummary>& ranks) {
  std::string text =
      fmt::format("{:>4}  {:<8} {:<16} {:>9} {:>7} {:>7} {:>6}  {:>12} {:>12}\n", "rank", "stage",
                  "layers", "busy", "share", "bubble", "live", "peak tensors", "peak memory");
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const RankSummary& rank = ranks[r];
    const double share = rank.run_seconds > 0 ? rank.busy_seconds / rank.run_seconds : 0;
    text +=
        fmt::format("{:>4}  {:<8} {:<16} {:>8.1f}s {:>6.1f}% {:>6.1f}% {:>6.3g}  {:>12} {:>12}\n",
                    r, rank.stages, rank.layers, rank.busy_seconds, 100 * share, 100 * (1 - share),
                    rank.live_microbatches, bytes_text(rank.peak_tensor_bytes),
                    bytes_text(rank.peak_resident_bytes));
  }
  return text;
}

}  // namespace pipetrain
