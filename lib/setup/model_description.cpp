#include "setup/model_description.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "setup/weights.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

Json describe_layer(const Layer& layer) {
  Json made = {{"name", layer.name()},
               {"input_row", extents_of(layer.input_row())},
               {"output_row", extents_of(layer.output_row())}};
  std::int64_t own = 0;
  std::string tied;
  for (const Parameter& parameter : layer.parameters()) {
    if (parameter.tied_to_earlier) {
      tied = parameter.name;
    } else {
      own += parameter.whole.elements();
    }
  }
  made["parameters"] = own;
  if (!tied.empty()) made["tied_to"] = tied;
  made["forward_flop"] = layer.forward_flop();
  return made;
}

template <class Number>
Number total(const Json& entries, const char* key) {
  return std::accumulate(
      entries.begin(), entries.end(), Number{},
      [&](Number sum, const Json& entry) { return sum + entry.at(key).get<Number>(); });
}

std::string how_it_was_cut(const PipelineConfig& pipeline, const Layout& layout) {
  if (pipeline.partition == PartitionRule::kList) return "as listed in pipeline.partition";
  if (pipeline.partition == PartitionRule::kUniform)
    return "into equal numbers of layers (uniform)";
  if (layout.partition.size() == 1) return "not at all";
  if (layout.rounds_messages) return "by the layers' counted operations (auto)";
  return fmt::format("by the layers' times, measured here in {:.2f} s (auto)",
                     layout.measure_seconds);
}

// "1.81 G"
std::string short_number(double number) {
  constexpr std::array kUnits = {"", " k", " M", " G", " T", " P"};
  std::size_t unit = 0;
  for (; number >= 1000 && unit + 1 < kUnits.size(); ++unit) number /= 1000;
  return fmt::format("{:.3g}{}", number, kUnits[unit]);
}

std::string row_text(const Json& extents) {
  std::string text;
  for (const Json& extent : extents) {
    text += (text.empty() ? "" : ", ") + std::to_string(extent.get<std::int64_t>());
  }
  return "(" + text + ")";
}

// Lines of cells, each column as wide as its widest cell; those after `left` columns are numbers.
std::string table_text(const std::vector<std::vector<std::string>>& lines, std::size_t left) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string gap = i == 0 ? "" : "  ";
      row += gap + (i < left ? fmt::format("{:<{}}", line[i], widths[i])
                             : fmt::format("{:>{}}", line[i], widths[i]));
    }
    text += row + "\n";
  }
  return text;
}

std::string layer_table(const Json& layers) {
  std::vector<std::vector<std::string>> lines = {
      {"layer", "input row", "output row", "parameters", "FLOP/row", "stage", "rank"}};
  for (const Json& layer : layers) {
    lines.push_back({layer.at("name").get<std::string>(), row_text(layer.at("input_row")),
                     row_text(layer.at("output_row")), layer.at("parameters").dump(),
                     short_number(layer.at("forward_flop").get<double>()), layer.at("stage").dump(),
                     layer.at("rank").dump()});
  }
  return table_text(lines, 3);
}

std::string stage_table(const Json& stages, double flop) {
  std::vector<std::vector<std::string>> lines = {
      {"stage", "rank", "layers", "parameters", "FLOP/row", "share"}};
  for (const Json& stage : stages) {
    const auto first = stage.at("first_layer").get<int>(), count = stage.at("layers").get<int>();
    const double own = stage.at("forward_flop").get<double>();
    lines.push_back(
        {stage.at("stage").dump(),
         stage.at("rank").dump() +
             (stage.contains("other_rank") ? ", " + stage.at("other_rank").dump() : ""),
         count == 1 ? std::to_string(first) : fmt::format("{} to {}", first, first + count - 1),
         stage.at("parameters").dump(), short_number(own),
         fmt::format("{:.1f}%", flop > 0 ? 100 * own / flop : 0)});
  }
  return table_text(lines, 0);
}

}  // namespace

Json describe_model(const Config& config, const ModelSetup& model, const Layout& layout) {
  const Schedule& schedule = layout.schedule;
  Json layers = Json::array(), stages = Json::array();
  const std::vector<int> stage_of =
      stage_of_layers(layout.partition, static_cast<int>(model.layers.size()));
  const auto rank_of = [&](int stage) { return schedule.placement.rank_of(stage); };
  for (int stage = 0; stage < model.stage_count(); ++stage) {
    stages.push_back({{"stage", stage},
                      {"rank", rank_of(stage)},
                      {"first_layer", layout.partition[static_cast<std::size_t>(stage)]}});
    if (model.copies() > 1) stages.back()["other_rank"] = schedule.placement.rank_of(stage, 1);
    Json own = Json::array();
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      if (stage_of[i] != stage) continue;
      own.push_back(describe_layer(*model.layers[i]));
      own.back()["stage"] = stage;
      own.back()["rank"] = rank_of(stage);
      layers.push_back(own.back());
    }
    stages.back()["layers"] = own.size();
    stages.back()["parameters"] = total<std::int64_t>(own, "parameters");
    stages.back()["forward_flop"] = total<double>(own, "forward_flop");
  }
  const double flop = total<double>(layers, "forward_flop");
  Json description = {{"model", config.model.preset.empty() ? "model" : config.model.preset},
                      {"parameters", parameter_count(model.layers)},
                      {"forward_flop_per_row", flop},
                      {"training_flop_per_row", training_flop_per_row(model.layers)},
                      {"ranks", model.ranks},
                      {"virtual_stages", schedule.virtual_stages()},
                      {"schedule", config.pipeline.schedule},
                      {"microbatches", model.microbatches},
                      {"batch_size", config.train.batch_size},
                      {"cut", how_it_was_cut(config.pipeline, layout)},
                      {"layers", std::move(layers)},
                      {"stages", std::move(stages)}};
  if (schedule.slices > 1) description["slices"] = schedule.slices;
  return description;
}

std::string model_text(const Json& description) {
  const auto integer = [&](const char* key) { return description.at(key).get<std::int64_t>(); };
  const auto number = [&](const char* key) { return description.at(key).get<double>(); };
  const auto counted = [](std::size_t n, const std::string& noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
  };
  const Json &layers = description.at("layers"), &stages = description.at("stages");
  std::string text = fmt::format(
      "{}: {}, {} parameters\n"
      "FLOP of matrix products a row: {} forward, {} in training\n"
      "{}, {}, schedule {}, {} rows a step in {}{}\n"
      "cut {}\n\n",
      description.at("model").get<std::string>(), counted(layers.size(), "layer"),
      integer("parameters"), short_number(number("forward_flop_per_row")),
      short_number(number("training_flop_per_row")),
      counted(static_cast<std::size_t>(integer("ranks")), "rank"), counted(stages.size(), "stage"),
      description.at("schedule").get<std::string>(), integer("batch_size"),
      integer("microbatches") == 1 ? "one microbatch"
                                   : description.at("microbatches").dump() + " microbatches",
      description.contains("slices") ? " of " + description.at("slices").dump() + " slices" : "",
      description.at("cut").get<std::string>());
  text += layer_table(layers) + "\n" + stage_table(stages, number("forward_flop_per_row"));
  for (const Json& layer : layers) {
    if (!layer.contains("tied_to")) continue;
    text += "\ntied: " + layer.at("name").get<std::string>() + " uses " +
            layer.at("tied_to").get<std::string>() + ", counted there\n";
  }
  return text;
}

}  // namespace pipetrain
