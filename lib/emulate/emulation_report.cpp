#include "emulate/emulation_report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "schedule/simulate/network.h"

namespace pipetrain {
namespace {

// F, I and W in ms of each rank's whole share; of two copies each takes half of the microbatches.
nlohmann::ordered_json rank_costs_ms(const Schedule& schedule, const Costs& given) {
  const Costs costs = at_rank_speeds(given, schedule.placement);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    StageCost sum;
    for (const int s : schedule.placement.stages_of(rank)) {
      const StageCost& stage = costs.stages[static_cast<std::size_t>(s)];
      sum.forward += stage.forward;
      sum.backward_input += stage.backward_input;
      sum.backward_weight += stage.backward_weight;
    }
    const double ms = 1e3 / schedule.placement.copies();
    list.push_back({ms * sum.forward, ms * sum.backward_input, ms * sum.backward_weight});
  }
  return list;
}

// S and T in ms of each rank's piece of the vocabulary.
nlohmann::ordered_json piece_costs_ms(const Schedule& schedule, const Costs& given) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PieceCost& piece : at_rank_speeds(given, schedule.placement).pieces) {
    list.push_back({1e3 * piece.forward, 1e3 * piece.backward});
  }
  return list;
}

double number(const nlohmann::ordered_json& emulation, const char* key) {
  return emulation.at(key).get<double>();
}

std::string triple(const nlohmann::ordered_json& costs) {
  return fmt::format("F {:.4g}, I {:.4g}, W {:.4g} ms", costs[0].get<double>(),
                     costs[1].get<double>(), costs[2].get<double>());
}

std::string costs_text(const nlohmann::ordered_json& costs) {
  const bool equal = std::all_of(costs.begin(), costs.end(),
                                 [&](const auto& rank) { return rank == costs.front(); });
  if (equal) return triple(costs.front()) + " a rank\n";
  std::string text;
  for (std::size_t r = 0; r < costs.size(); ++r) {
    text += fmt::format("rank {}: {}\n", r, triple(costs[r]));
  }
  return text;
}

// Of the first rank: all have as many rows, to one.
std::string vocabulary_text(const nlohmann::ordered_json& emulation) {
  if (!emulation.contains("vocabulary_costs_ms")) return {};
  const auto& piece = emulation.at("vocabulary_costs_ms").front();
  return fmt::format("the vocabulary over all ranks: S {:.4g}, T {:.4g} ms a rank\n",
                     piece[0].get<double>(), piece[1].get<double>());
}

std::string setting_text(const nlohmann::ordered_json& emulation) {
  const std::string way =
      emulation.contains("links")
          ? "go over links " + emulation.at("links").get<std::string>()
          : fmt::format("take {:.3f} ms", 1e3 * number(emulation, "message_seconds"));
  const int steps = emulation.at("steps").get<int>();
  const std::string counted = emulation.contains("between_steps")
                                  ? fmt::format("mean of {} steps in a row, {} between them", steps,
                                                emulation.at("between_steps").get<std::string>())
                                  : fmt::format("median of {} steps", steps);
  const std::string cut = emulation.contains("slices")
                              ? fmt::format(" in {} slices", emulation.at("slices").get<int>())
                              : "";
  return fmt::format("{} ranks, M={}{}; messages of {} bytes {}; {}\n{}",
                     emulation.at("ranks").get<int>(), emulation.at("microbatches").get<int>(), cut,
                     emulation.at("message_bytes").get<std::int64_t>(), way, counted,
                     costs_text(emulation.at("rank_costs_ms")) + vocabulary_text(emulation));
}

std::string cut_text(const nlohmann::ordered_json& emulation) {
  if (!emulation.contains("partition")) return {};
  std::string first;
  for (const auto& layer : emulation.at("partition")) first += fmt::format(" {}", layer.get<int>());
  return "first layer of each stage:" + first + "\n";
}

// How long ranks were at work, over what they were asked for: above 1 something else had their
// cores.
double work_ratio(const Emulation& found) {
  return found.measured_seconds * (1 - found.bubble_measured) /
         (found.simulated_seconds * (1 - found.bubble_simulated));
}

std::string work_text(double ratio) {
  constexpr double kUndisturbed = 1.01;
  return fmt::format("work    took {:.4f} times as long as asked{}\n", ratio,
                     ratio > kUndisturbed ? ": other programs had the cores, too" : "");
}

double peak(const nlohmann::ordered_json& emulation) {
  const auto live = emulation.at("peak_live_microbatches").get<std::vector<double>>();
  return *std::max_element(live.begin(), live.end());
}

}  // namespace

nlohmann::ordered_json emulation_json(const std::string& name, const Schedule& schedule,
                                      const Costs& costs, const EmulationOptions& options,
                                      const Emulation& emulation) {
  nlohmann::ordered_json json = {
      {"schedule", name},
      {"ranks", schedule.rank_count()},
      {"virtual_stages", schedule.virtual_stages()},
      {"microbatches", schedule.microbatches},
      {"rank_costs_ms", rank_costs_ms(schedule, costs)},
      {"message_bytes", options.message_bytes},
      {"message_seconds", costs.message},
      {"simulated_seconds", emulation.simulated_seconds},
      {"measured_seconds", emulation.measured_seconds},
      {"ratio", emulation.measured_seconds / emulation.simulated_seconds},
      {"work_ratio", work_ratio(emulation)},
      {"bubble_simulated", emulation.bubble_simulated},
      {"bubble_measured", emulation.bubble_measured},
      {"peak_live_microbatches", emulation.peak_live_microbatches},
      {"step_seconds", emulation.step_seconds},
      {"steps", options.steps}};
  if (schedule.slices > 1) json["slices"] = schedule.slices;
  if (schedule.cuts_vocabulary()) json["vocabulary_costs_ms"] = piece_costs_ms(schedule, costs);
  if (options.between) json["between_steps"] = name_of(kStepRules, *options.between);
  if (const Network* network = costs.network.get()) {
    if (network->has_links) json["links"] = network->text;
    if (!network->speeds.empty()) json["speeds"] = network->speeds;
  }
  return json;
}

std::string emulation_text(const nlohmann::ordered_json& emulation) {
  std::string live;
  for (const auto& rank : emulation.at("peak_live_microbatches")) {
    live += fmt::format(" {:.4g}", rank.get<double>());
  }
  std::string text =
      fmt::format("{}, {} stage(s) a rank\n", emulation.at("schedule").get<std::string>(),
                  emulation.at("virtual_stages").get<int>()) +
      cut_text(emulation) + setting_text(emulation) +
      fmt::format(
          "step    {:.2f} ms measured, {:.2f} ms simulated, ratio {:.4f}\n"
          "bubble  {:.2f}% measured, {:.2f}% simulated\n"
          "{}most live microbatches, per rank:{}\n",
          1e3 * number(emulation, "measured_seconds"), 1e3 * number(emulation, "simulated_seconds"),
          number(emulation, "ratio"), 100 * number(emulation, "bubble_measured"),
          100 * number(emulation, "bubble_simulated"), work_text(number(emulation, "work_ratio")),
          live);
  if (!emulation.contains("uniform")) return text;
  const auto& uniform = emulation.at("uniform");
  const auto gain = [&](const char* key) {
    return 100 * (1 - number(emulation, key) / number(uniform, key));
  };
  return text + "\nFor comparison, the uniform cut:\n" + emulation_text(uniform) +
         fmt::format("\nThe chosen cut is {:.1f}% faster measured, {:.1f}% simulated\n",
                     gain("measured_seconds"), gain("simulated_seconds"));
}

std::string emulation_table_head(const nlohmann::ordered_json& first) {
  return setting_text(first) + fmt::format("{:<18}{:>3}{:>18}{:>10}{:>17}{:>14}{:>9}{:>9}{:>12}\n",
                                           "schedule", "v", "bubble simulated", "measured",
                                           "step simulated", "measured", "ratio", "work",
                                           "most live");
}

std::string emulation_table_row(const nlohmann::ordered_json& emulation) {
  return fmt::format(
      "{:<18}{:>3}{:>17.2f}%{:>9.2f}%{:>14.2f} ms{:>11.2f} ms{:>9.4f}{:>9.4f}{:>12.4g}\n",
      emulation.at("schedule").get<std::string>(), emulation.at("virtual_stages").get<int>(),
      100 * number(emulation, "bubble_simulated"), 100 * number(emulation, "bubble_measured"),
      1e3 * number(emulation, "simulated_seconds"), 1e3 * number(emulation, "measured_seconds"),
      number(emulation, "ratio"), number(emulation, "work_ratio"), peak(emulation));
}

}  // namespace pipetrain
