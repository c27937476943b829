#include "plan/report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/size.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 10;

// With four digits: "23.45 ms", "21.35 s".
std::string duration(double seconds) {
  return seconds < 1 ? fmt::format("{:.4g} ms", 1e3 * seconds) : fmt::format("{:.4g} s", seconds);
}

std::string links_text(const PlanInputs& inputs) {
  const MachineProfile& machine = inputs.machine;
  if (inputs.network) return "messages  over " + inputs.network->text + "\n";
  return fmt::format("messages  {} + {:.3g} GB/s, {}\n", duration(machine.message_latency_seconds),
                     machine.message_bytes_per_second / 1e9,
                     machine.real_messages
                         ? "measured between ranks 0 and 1"
                         : "estimated by copying in memory (start under mpirun to measure)");
}

// Where they differ.
std::string speeds_text(const PlanInputs& inputs) {
  std::string text;
  for (const double seconds : inputs.rank_seconds) text += fmt::format(" {:.2f}", 1 / seconds);
  return text.empty() ? "" : "speeds   " + text + ", of each rank\n";
}

std::string following_text(const PlanInputs& inputs) {
  if (inputs.post_validation) {
    return "post-validation: no update waits for the norm, and a step's time is that of one among "
           "many\n";
  }
  return inputs.versions > 1
             ? "delay     1: steps overlap, and a step's time is that of one among many\n"
             : "";
}

std::string head_line(const PlanReport& report) {
  const PlanInputs& inputs = report.inputs;
  const MachineProfile& machine = inputs.machine;
  std::string sizes;
  for (const auto& [rows, layers] : inputs.model.measured) {
    sizes += (sizes.empty() ? "" : ", ") + std::to_string(rows);
  }
  return fmt::format(
      "measured in {:.1f} s: {} layers at {} rows a microbatch, by {} rank{} at once with {} "
      "thread{} each\n{}{}"
      "{}",
      machine.measure_seconds, inputs.model.layers.size(), sizes, machine.copies,
      machine.copies == 1 ? "" : "s", machine.threads, machine.threads == 1 ? "" : "s",
      report.request.ranks > machine.copies
          ? "          (the other ranks are taken to be on such cores of their own)\n"
          : "",
      machine.cores_per_rank < 1
          ? fmt::format(
                "          (they share {:.3g} of the cores that they want: one is faster while "
                "others wait)\n",
                machine.cores_per_rank)
          : "",
      links_text(inputs) + speeds_text(inputs) + following_text(inputs));
}

// Behind a schedule's name: its vocabulary is over the pipeline, or its sequences are in slices.
const char* pieces_mark(VocabularyPlace place) {
  if (place == VocabularyPlace::kWhole) return "";
  return place == VocabularyPlace::kParallel ? " +S,T" : " +S,T,I";
}
std::string schedule_text(const Candidate& candidate) {
  return candidate.schedule + pieces_mark(candidate.vocabulary) +
         (candidate.slices > 1 ? " /" + std::to_string(candidate.slices) : "");
}

std::string plan_row(const std::string& place, const Plan& plan) {
  const Candidate& c = plan.candidate;
  return fmt::format(
      "{:>3}  {:<14} {:>4} {:>6} {:>8} {:>2} {:>4}  {:<9} {:<10} {:<9} {:>10} {:>7} {:>11}\n",
      place, schedule_text(c), c.data, c.tensor, c.pipeline, c.virtual_stages, c.microbatches,
      name_of(kRecomputes, c.recompute), name_of(kShards, c.shard),
      name_of(kPrecisions, c.precision), duration(plan.step_seconds),
      fmt::format("{:.1f}%", 100 * plan.bubble_fraction), size_text(plan.memory_bytes));
}

// The best ones, then the best of each schedule, and of each number of slices, that is not among
// them.
std::string plan_table(const PlanResult& result) {
  std::string text = fmt::format(
      "{:>3}  {:<14} {:>4} {:>6} {:>8} {:>2} {:>4}  {:<9} {:<10} {:<9} {:>10} {:>7} {:>11}\n", "",
      "schedule", "data", "tensor", "pipeline", "v", "M", "recompute", "shard", "precision", "step",
      "bubble", "memory/rank");
  std::set<std::string> shown;
  std::set<int> slices;
  for (std::size_t i = 0; i < result.plans.size(); ++i) {
    const bool new_schedule = shown.insert(result.plans[i].candidate.schedule).second;
    const bool new_slices = slices.insert(result.plans[i].candidate.slices).second;
    if (i < kShown || new_schedule || new_slices) {
      text += plan_row(std::to_string(i + 1), result.plans[i]);
    }
  }
  for (const auto& place : kVocabularyPlaces) {
    const auto is_there = [&](const Plan& p) { return p.candidate.vocabulary == place.value; };
    if (!is_over_pipeline(place.value) || !std::ranges::any_of(result.plans, is_there)) continue;
    text +=
        fmt::format("   {}: with pipeline.vocabulary {}\n", pieces_mark(place.value), place.name);
  }
  if (slices.size() > 1) text += "    /N: with pipeline.slices N\n";
  return text;
}

std::string configured_rows(const PlanReport& report) {
  if (!report.result.configured) return "";
  const Plan& own = *report.result.configured;
  const auto& plans = report.result.plans;
  const auto ranked = std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) {
    return plan.candidate == own.candidate;
  });
  const bool fits = own.memory_bytes <= report.request.memory_bytes;
  return std::string("as configured") + (fits ? "" : ", which does not fit") + ":\n" +
         plan_row(ranked == plans.end() ? "-" : std::to_string(ranked - plans.begin() + 1), own);
}

std::string counts_line(const PlanReport& report) {
  const PlanResult& result = report.result;
  std::string text = fmt::format(
      "of {} candidates {} do not fit into {} a rank and {} are left out as slower from the start",
      result.candidates, result.beyond_memory, size_text(report.request.memory_bytes),
      result.slower);
  if (result.not_reached > 0) {
    text += fmt::format("; {} less promising ones were not looked at", result.not_reached);
  }
  return text + "\n";
}

std::string comparison_table(const PlanReport& report) {
  std::string text = fmt::format(
      "this model ({:.4g} million parameters, {} rows a step) on {} rank{} in {}, by\n"
      "  {:<20} {:>11} {:>15} {:>10} {:>11}\n",
      static_cast<double>(parameter_elements(report.inputs.model)) / 1e6, report.inputs.batch_rows,
      report.request.ranks, report.request.ranks == 1 ? "" : "s",
      name_of(kPrecisions, report.comparison.front().precision), "", "memory/rank",
      "sent/rank, step", "step", "efficiency");
  for (const ComparisonRow& row : report.comparison) {
    text +=
        fmt::format("  {:<20} {:>11} {:>15} {:>10} {:>11}\n", row.way + (row.estimate ? " *" : ""),
                    size_text(row.memory_bytes), size_text(row.sent_bytes),
                    duration(row.step_seconds), fmt::format("{:.1f}%", 100 * row.efficiency));
  }
  return text + "  * estimated by formula for comparison, not simulated\n";
}

// A line for each part of it.
std::string in_lines(std::string sentence) {
  for (std::size_t at = 0; (at = sentence.find("; ", at)) != std::string::npos; ++at) {
    sentence[at + 1] = '\n';
  }
  return sentence;
}

Json plan_entry(const Plan& plan) {
  const Candidate& c = plan.candidate;
  return {{"data", c.data},
          {"tensor", c.tensor},
          {"pipeline", c.pipeline},
          {"schedule", c.schedule},
          {"virtual_stages", c.virtual_stages},
          {"microbatches", c.microbatches},
          {"recompute", name_of(kRecomputes, c.recompute)},
          {"shard", name_of(kShards, c.shard)},
          {"precision", name_of(kPrecisions, c.precision)},
          {"vocabulary", name_of(kVocabularyPlaces, c.vocabulary)},
          {"slices", c.slices},
          {"step_seconds", plan.step_seconds},
          {"bubble_fraction", plan.bubble_fraction},
          {"memory_bytes", plan.memory_bytes},
          {"tensor_bytes", plan.tensor_bytes},
          {"first_layers", plan.first_layers},
          {"busy_seconds", plan.busy_seconds},
          {"update_seconds", plan.update_seconds},
          {"sent_bytes", plan.sent_bytes}};
}

Json measured_entry(const PlanInputs& inputs) {
  const MachineProfile& machine = inputs.machine;
  Json sizes = Json::array();
  for (const auto& [rows, layers] : inputs.model.measured) {
    Json entries = Json::array();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const StageCost& cost = layers[i].cost;
      entries.push_back({{"layer", inputs.model.layers[i].name},
                         {"forward_seconds", cost.forward},
                         {"backward_input_seconds", cost.backward_input},
                         {"backward_weight_seconds", cost.backward_weight}});
    }
    sizes.push_back({{"rows", rows}, {"layers", std::move(entries)}});
  }
  std::vector<double> speeds;
  speeds.reserve(inputs.rank_seconds.size());
  for (const double seconds : inputs.rank_seconds) speeds.push_back(1 / seconds);
  return {{"seconds", machine.measure_seconds},
          {"ranks_at_once", machine.copies},
          {"threads_per_rank", machine.threads},
          {"cores_per_rank", machine.cores_per_rank},
          {"message_latency_seconds", machine.message_latency_seconds},
          {"message_bytes_per_second", machine.message_bytes_per_second},
          {"messages", machine.real_messages ? "measured" : "estimated"},
          {"links", inputs.network ? inputs.network->text : ""},
          {"rank_speeds", std::move(speeds)},
          {"update_seconds_per_parameter", machine.update_seconds_per_element},
          {"read_seconds_per_row", machine.read_seconds_per_row},
          {"process_bytes", machine.process_bytes},
          {"microbatch_sizes", std::move(sizes)}};
}

}  // namespace

std::string plan_text(const PlanReport& report) {
  return head_line(report) + counts_line(report) + "\n" + plan_table(report.result) +
         configured_rows(report) + "\n" + in_lines(reason(report.result, report.request.ranks)) +
         "\n\n" + comparison_table(report);
}

nlohmann::ordered_json plan_json(const PlanReport& report) {
  const PlanResult& result = report.result;
  Json plans = Json::array(), comparison = Json::array();
  for (const Plan& plan : result.plans) plans.push_back(plan_entry(plan));
  for (const ComparisonRow& row : report.comparison) {
    comparison.push_back({{"way", row.way},
                          {"precision", name_of(kPrecisions, row.precision)},
                          {"estimate", row.estimate},
                          {"memory_bytes", row.memory_bytes},
                          {"sent_bytes", row.sent_bytes},
                          {"step_seconds", row.step_seconds},
                          {"efficiency", row.efficiency}});
  }
  const Json configured = result.configured ? plan_entry(*result.configured) : Json();
  return {{"ranks", report.request.ranks},
          {"memory_limit_bytes", report.request.memory_bytes},
          {"plans", std::move(plans)},
          {"reason", reason(result, report.request.ranks)},
          {"configured", configured},
          {"candidates", result.candidates},
          {"beyond_memory", result.beyond_memory},
          {"slower", result.slower},
          {"not_reached", result.not_reached},
          {"comparison", std::move(comparison)},
          {"measured", measured_entry(report.inputs)}};
}

}  // namespace pipetrain
