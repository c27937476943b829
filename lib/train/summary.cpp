#include "train/summary.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/process_memory.h"
#include "train/progress.h"

namespace pipetrain {
namespace {

std::string bytes_text(double bytes) {
  if (bytes >= 1e11) return fmt::format("{:.0f} GB", bytes / 1e9);
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes / 1e9)
                      : fmt::format("{:.1f} MB", bytes / 1e6);
}

// "0 to 4" of the stage's layers.
std::string layer_range(const PipelineRank& pipeline, int stage) {
  const Partition& first = pipeline.layout.partition;
  const auto s = static_cast<std::size_t>(stage);
  const int end =
      s + 1 < first.size() ? first[s + 1] : static_cast<int>(pipeline.state.cut_layers());
  return end - 1 == first[s] ? std::to_string(first[s])
                             : fmt::format("{} to {}", first[s], end - 1);
}

// Why it was cut so, and what that is worth against equal numbers of layers.
std::string describe_partition(const Layout& layout) {
  if (layout.rounds_messages) {
    return "partition: cut by the layers' counted operations, not by their times, since results "
           "depend on where stages are cut";
  }
  std::vector<double> totals;
  totals.reserve(layout.layer_costs.size());
  for (const StageCost& cost : layout.layer_costs) totals.push_back(cost.total());
  const Schedule& schedule = layout.schedule;
  const Partition uniform =
      uniform_partition(static_cast<int>(totals.size()), schedule.stage_count());
  const std::vector<double> speeds = stage_speeds(layout.speeds, schedule.placement);
  const double step = predicted_seconds(layout, layout.partition),
               uniform_step = predicted_seconds(layout, uniform);
  std::string text = fmt::format(
      "partition: layers timed in {:.2f} s; the slowest stage takes {:.3g} ms a microbatch, cut "
      "uniformly {:.3g} ms",
      layout.measure_seconds, 1e3 * slowest_stage(totals, layout.partition, speeds),
      1e3 * slowest_stage(totals, uniform, speeds));
  if (schedule.virtual_stages() > 1) {
    auto slowest = [&](const Partition& partition) {
      return 1e3 * slowest_rank(totals, partition, schedule.placement, layout.speeds);
    };
    text += fmt::format("; the slowest rank {:.3g} ms, cut uniformly {:.3g} ms",
                        slowest(layout.partition), slowest(uniform));
  }
  for (std::size_t r = 0; r < layout.speeds.size(); ++r) {
    text += fmt::format("{}{:.2f}", r == 0 ? "; ranks at speeds " : ", ", layout.speeds[r]);
  }
  return text +
         fmt::format("; predicted step {:.4g} ms, cut uniformly {:.4g} ms, a gain of {:.1f}%",
                     1e3 * step, 1e3 * uniform_step, 100 * (uniform_step / step - 1));
}

// What the search for a schedule found.
std::string describe_search(const Layout& layout) {
  const Timeline found = simulate(layout.schedule, costs_of(layout, layout.partition));
  const std::vector<double>& live = found.peak_live_microbatches;
  return fmt::format(
      "schedule auto: searched for {:.2f} s; predicted step {:.4g} ms, bubble {:.1f}%, at most "
      "{:.3g} "
      "live microbatches per rank; none in this memory is below {:.4g} ms",
      layout.search_seconds, 1e3 * found.makespan(), 100 * found.bubble_fraction(),
      *std::max_element(live.begin(), live.end()), 1e3 * layout.least_seconds);
}

// "0 to 4, 9 to 13" as "0-4, 9-13", in pieces of at most `width` that end at a comma.
std::vector<std::string> pieces_of(const std::string& list, std::size_t width) {
  std::vector<std::string> pieces = {""};
  std::istringstream parts(list);
  for (std::string part; std::getline(parts >> std::ws, part, ',');) {
    if (const auto to = part.find(" to "); to != std::string::npos) part.replace(to, 4, "-");
    std::string& last = pieces.back();
    if (last.empty()) {
      last = part;
    } else if (last.size() + 2 + part.size() + 1 <= width) {
      last += ", " + part;
    } else {
      last += ",";
      pieces.push_back(part);
    }
  }
  return pieces;
}

nlohmann::ordered_json kinds_of(const RankSummary& rank) {
  nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
  for (const auto& [name, bytes] : rank.taken) kinds[name] = bytes;
  return kinds;
}

// At most 80 columns wide.
std::string rank_table(const std::vector<RankSummary>& ranks, bool replicas) {
  constexpr std::size_t kStagesWidth = 6, kLayersWidth = 11;
  const auto row = [&](const auto& rank, const auto& replica, const std::string& stages,
                       const std::string& layers, const std::string& figures) {
    const std::string text = fmt::format("{:>4}  {}{:<{}} {:<{}} {}", rank,
                                         replicas ? fmt::format("{:>7}  ", replica) : "", stages,
                                         kStagesWidth, layers, kLayersWidth, figures);
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = row("rank", "replica", "stage", "layers",
                         fmt::format("{:>6} {:>6} {:>5} {:>8} {:>8} {:>8}", "busy", "bubble",
                                     "live", "foreseen", "tensors", "resident"));
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const RankSummary& rank = ranks[r];
    const double share = rank.run_seconds > 0 ? rank.busy_seconds / rank.run_seconds : 0;
    const std::vector<std::string> stages = pieces_of(rank.stages, kStagesWidth),
                                   layers = pieces_of(rank.layers, kLayersWidth);
    const auto piece = [](const std::vector<std::string>& pieces, std::size_t i) {
      return i < pieces.size() ? pieces[i] : "";
    };
    text +=
        row(r, rank.replica, stages.front(), layers.front(),
            fmt::format("{:>5.1f}% {:>5.1f}% {:>5.3g} {:>8} {:>8} {:>8}", 100 * share,
                        100 * (1 - share), rank.live_microbatches, bytes_text(rank.foreseen_bytes),
                        bytes_text(rank.tensor_bytes), bytes_text(rank.resident_bytes)));
    for (std::size_t i = 1; i < std::max(stages.size(), layers.size()); ++i) {
      text += row("", "", piece(stages, i), piece(layers, i), "");
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> describe_layout(const PipelineRank& pipeline,
                                         const std::string& schedule_name) {
  const Layout& layout = pipeline.layout;
  const int stages = pipeline.map.stage_count();
  std::vector<std::string> lines;
  const std::size_t heads = layout.schedule.cuts_vocabulary() ? 1 : 0;
  lines.push_back(fmt::format("model: {} layers, {} parameters",
                              pipeline.state.cut_layers() + heads,
                              parameter_count(pipeline.state.layers())));
  if (pipeline.state.layers().front()->activations() == DType::kBFloat16) {
    lines.push_back("precision: bfloat16 activations, products and messages; float32 weights");
  }
  if (layout.rounds_messages) {
    lines.emplace_back(
        "precision: float32, rounded to bfloat16 between stages; results depend on their cut");
  }
  std::string cuts;
  for (int s = 0; s < stages; ++s) {
    cuts += (s == 0 ? "" : " | ") + layer_range(pipeline, s);
  }
  const int slices = layout.schedule.slices;
  lines.push_back(fmt::format("pipeline: {}, {} stage{} (layers {}), {} microbatches a step{}",
                              schedule_name, stages, stages == 1 ? "" : "s", cuts,
                              layout.schedule.microbatches,
                              slices > 1 ? fmt::format(", each in {} slices", slices) : ""));
  if (layout.schedule.placement.copies() > 1) {
    lines.emplace_back(
        "two copies of each stage, on ranks that face each other: each takes half of the "
        "microbatches, and their gradients are summed");
  }
  if (const int replicas = pipeline.map.grid().data(); replicas > 1) {
    lines.push_back(fmt::format("data parallel: {} replicas of {} rows a step, gradients summed{}",
                                replicas, pipeline.batches.training_step(0).replica_rows(),
                                pipeline.state.shards_parameters()
                                    ? ", each keeps its share of weights, gradients and moments"
                                : pipeline.state.shards_optimizer()
                                    ? ", each keeps its share of the optimizer's moments"
                                    : ""));
  }
  if (const int tensor = pipeline.map.grid().tensor(); tensor > 1) {
    lines.push_back(fmt::format(
        "tensor parallel: {} ranks share each stage's attention, MLPs and vocabulary", tensor));
  }
  const auto again = std::ranges::count_if(layout.recomputed, &Recomputed::whole);
  if (again > 0) {
    lines.push_back(fmt::format("recompute: {} of {} layers run their forward again", again,
                                layout.recomputed.size()));
  }
  if (!layout.layer_costs.empty()) lines.push_back(describe_partition(layout));
  if (layout.search_seconds > 0) lines.push_back(describe_search(layout));
  return lines;
}

RankSummary summarize_rank(PipelineRank& pipeline, const MemoryPool& pool, double busy_seconds,
                           double run_seconds) {
  const auto place = static_cast<std::size_t>(pipeline.map.position().pipeline);
  const RankMemory& foreseen = pipeline.layout.memory[place];
  RankSummary summary{.replica = pipeline.map.position().data,
                      .busy_seconds = busy_seconds,
                      .run_seconds = run_seconds,
                      .live_microbatches = pipeline.runner.take_peak_live_microbatches(),
                      .foreseen_bytes = static_cast<double>(foreseen.total()),
                      .tensor_bytes = static_cast<double>(pool.reserved_bytes()),
                      .resident_bytes = static_cast<double>(resident_bytes()),
                      .own_bytes = static_cast<double>(process_memory().own)};
  for (const int stage : pipeline.map.local_stages()) {
    const std::string comma = summary.stages.empty() ? "" : ", ";
    summary.stages += comma + std::to_string(stage);
    summary.layers += comma + layer_range(pipeline, stage);
  }
  return summary;
}

std::string to_text(const RankSummary& rank) {
  return nlohmann::json{rank.replica,        rank.stages,       rank.layers,
                        rank.busy_seconds,   rank.run_seconds,  rank.live_microbatches,
                        rank.foreseen_bytes, rank.tensor_bytes, rank.resident_bytes,
                        rank.times.json(),   rank.own_bytes,    rank.taken}
      .dump();
}

RankSummary rank_summary_of(const std::string& text) {
  const nlohmann::json row = nlohmann::json::parse(text);
  return {.replica = row[0],
          .stages = row[1],
          .layers = row[2],
          .busy_seconds = row[3],
          .run_seconds = row[4],
          .live_microbatches = row[5],
          .foreseen_bytes = row[6],
          .tensor_bytes = row[7],
          .resident_bytes = row[8],
          .own_bytes = row[10],
          .taken = row[11],
          .times = TimeUses::of_json(row[9])};
}

std::string summary_text(const RunSummary& run) {
  std::string text = fmt::format("\n{} steps in {}, {:.0f} {}/s\n", run.steps,
                                 clock_text(run.seconds), run.rate, run.rate_unit);
  if (run.first_validation_loss && run.last_validation_loss) {
    text += fmt::format("validation loss  {:.4f} at first, {:.4f} at last\n",
                        *run.first_validation_loss, *run.last_validation_loss);
  }
  if (run.first_accuracy && run.last_accuracy) {
    text += fmt::format("accuracy         {:.2f}% at first, {:.2f}% at last\n",
                        100 * *run.first_accuracy, 100 * *run.last_accuracy);
  }
  const int parts = run.microbatches * run.slices;
  const double textbook = static_cast<double>(parts) / (parts + run.stages - 1);
  text += fmt::format(
      "bubble           {:.1f}% measured, {:.1f}% predicted from the stages' own times\n"
      "efficiency       {:.1f}% of the ranks' time is spent in layers; the textbook's\n"
      "                 M / (M + S - 1) of M {} and S stages is {:.1f}%\n"
      "data             {:.2f}% of the steps' time to read and send batches, on rank 0\n\n",
      100 * run.bubble, 100 * run.predicted_bubble, 100 * (1 - run.bubble),
      run.slices > 1 ? "slices" : "microbatches", 100 * textbook, 100 * run.coordinator_share);
  text += rank_table(run.ranks, run.replicas > 1) +
          "busy: share of the time in layers; live: most microbatches kept at once;\n"
          "foreseen, tensors: memory for tensors, before and at last; resident: the\n"
          "whole process's\n\n";
  if (!run.curve.empty()) text += run.curve + "\n";
  for (const std::string& line : run.placement) text += line + "\n";
  return text + fmt::format("run directory: {}\n", run.output);
}

nlohmann::ordered_json summary_json(const RunSummary& run) {
  nlohmann::ordered_json ranks = nlohmann::ordered_json::array();
  for (const RankSummary& rank : run.ranks) {
    ranks.push_back({{"replica", rank.replica},
                     {"stages", rank.stages},
                     {"layers", rank.layers},
                     {"busy_seconds", rank.busy_seconds},
                     {"run_seconds", rank.run_seconds},
                     {"live_microbatches", rank.live_microbatches},
                     {"foreseen_bytes", rank.foreseen_bytes},
                     {"tensor_bytes", rank.tensor_bytes},
                     {"taken", kinds_of(rank)},
                     {"resident_bytes", rank.resident_bytes},
                     {"own_bytes", rank.own_bytes},
                     {"times", rank.times.json()}});
  }
  return {{"steps", run.steps},
          {"seconds", run.seconds},
          {run.rate_unit + "_per_second", run.rate},
          {"coordinator_share", run.coordinator_share},
          {"bubble_fraction", run.bubble},
          {"bubble_predicted", run.predicted_bubble},
          {"ranks", std::move(ranks)}};
}

}  // namespace pipetrain
