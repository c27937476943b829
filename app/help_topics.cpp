#include "help_topics.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/markdown.h"
#include "base/suggest.h"
#include "base/table.h"
#include "config/config_keys.h"
#include "data/formats/formats.h"
#include "exchange/hf_family.h"
#include "nn/layers/layer_kinds.h"
#include "nn/presets/presets.h"
#include "optim/learning_curves.h"
#include "optim/optimizers.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/generate/generate.h"

namespace pipetrain {
namespace {

using Words = std::vector<std::string>;

std::string keys() {
  std::vector<Words> rows;
  for (const ConfigKeyRow& key : config_keys()) {
    rows.push_back({code(key.name), key.values, key.otherwise, key.meaning});
  }
  return markdown_table({"key", "values", "default", "meaning"}, rows);
}

// Of each option once, and which layers have it.
std::string layer_options() {
  std::vector<std::pair<LayerOption, Words>> all;
  for (const LayerKind& kind : layer_kinds()) {
    if (kind.options == nullptr) continue;
    for (const LayerOption& option : kind.options()) {
      const auto same = std::ranges::find(all, option, &std::pair<LayerOption, Words>::first);
      Words& layers = same == all.end() ? all.emplace_back(option, Words()).second : same->second;
      layers.push_back(code(kind.name));
    }
  }
  std::vector<Words> rows;
  rows.reserve(all.size());
  for (const auto& [option, layers] : all) {
    rows.push_back(
        {code(option.name), join(layers), option.values, option.otherwise, option.meaning});
  }
  return markdown_table({"option", "of", "values", "default", "meaning"}, rows);
}

std::string layers() {
  std::vector<Words> rows;
  for (const LayerKind& kind : layer_kinds()) {
    rows.push_back({code(kind.name), text_of(kind.takes), text_of(kind.gives), kind.description});
  }
  return markdown_table({"layer", "takes rows of", "gives", "what it does"}, rows) + "\n" +
         layer_options();
}

std::string preset_list() {
  std::vector<Words> rows;
  for (const Preset& preset : presets()) {
    Words needs, takes, own;
    for (const ModelSize& size : preset.needs) needs.push_back(code(size.key));
    for (const std::string_view key : preset.takes) takes.push_back(code(key));
    const PresetSizes& sizes = preset.sizes;
    const std::pair<const char*, int> given[] = {{"depth", sizes.depth},
                                                 {"heads", sizes.heads},
                                                 {"width", sizes.width},
                                                 {"context", sizes.context},
                                                 {"vocabulary", sizes.vocabulary}};
    for (const auto& [key, size] : given) {
      if (size > 0) own.push_back(code(key) + " " + std::to_string(size));
    }
    rows.push_back({code(preset.name), join(needs), join(takes), join(own), preset.description});
  }
  return markdown_table({"preset", "needs", "takes, too", "brings along", "model"}, rows);
}

std::string schedules() {
  std::vector<Words> rows;
  for (const ListedSchedule& listed : listed_schedules()) {
    const ScheduleKind* kind = find_row(schedule_kinds(), listed.name);
    const bool any = kind == nullptr || kind->any_virtual_stages;
    rows.push_back({code(listed.name),
                    std::to_string(listed.default_virtual_stages) + (any ? ", or any" : ""),
                    kind == nullptr ? "any" : kind->microbatches, std::string(listed.description)});
  }
  return markdown_table({"schedule", "stages per rank", "microbatches", "what it is"}, rows);
}

const char* text_of(DataRows rows) {
  switch (rows) {
    case DataRows::kTokens: return "tokens";
    case DataRows::kTexts: return "a text and its label";
    case DataRows::kImages: break;
  }
  return "an image and its label";
}

std::string formats() {
  std::vector<Words> rows;
  for (const DataFormat& format : data_formats()) {
    Words own;
    for (const DataOption& option : format.options) own.push_back(code(option.key));
    rows.push_back({code(format.name), text_of(format.rows), join(own), format.description});
  }
  return markdown_table({"format", "a row", "keys of its own", "what it reads"}, rows);
}

std::string optimizers() {
  std::vector<Words> rows;
  for (const OptimizerKind& kind : optimizer_kinds()) {
    rows.push_back(
        {code(kind.name), code(kind.own_key), std::to_string(kind.moments), kind.description});
  }
  return markdown_table(
      {"optimizer", "key of its own", "numbers kept for each parameter", "what it is"}, rows);
}

std::string curves() {
  std::vector<Words> rows;
  for (const LearningCurveKind& curve : learning_curves()) {
    rows.push_back({code(curve.name), curve.decays ? "yes" : "no", curve.description});
  }
  return markdown_table({"curve", "ends at `min_learning_rate`", "what it is"}, rows);
}

std::string families() {
  std::vector<Words> rows;
  for (const HfFamily& family : hf_families()) {
    const auto* const decoders = std::get_if<HfDecoders>(&family.models);
    rows.push_back({code(family.name),
                    decoders == nullptr ? "a list of layers" : code(decoders->models.preset),
                    family.description});
  }
  return markdown_table({"family", "preset", "what it is"}, rows);
}

constexpr HelpTopic kTopics[] = {
    {"keys", "the keys of a configuration", keys},
    {"layers", "what a list of layers may name, and its options", layers},
    {"presets", "whole models by name: model.preset", preset_list},
    {"schedules", "names of schedules: pipeline.schedule", schedules},
    {"formats", "formats of training data: data.format", formats},
    {"optimizers", "how weights are updated: optimizer.type", optimizers},
    {"curves", "curves of the learning rate: optimizer.schedule.type", curves},
    {"families", "Hugging Face models that can be exported and imported", families},
};

}  // namespace

std::span<const HelpTopic> help_topics() { return kTopics; }

}  // namespace pipetrain
