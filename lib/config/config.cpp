#include "config/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "config/config_reader.h"
#include "config/config_writer.h"
#include "config/data_options.h"
#include "config/following_steps_fault.h"
#include "config/vocabulary_fault.h"
#include "config/working_directory.h"
#include "config/yaml_tree.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "optim/optimizers.h"

namespace pipetrain {
namespace {

// The preset has one of its own.
bool has_vocabulary(const ModelConfig& model) {
  const Preset* preset = find_row(presets(), model.preset);
  return preset != nullptr && preset->sizes.vocabulary > 0;
}

// Checks of more than one field. Messages begin with the place of the key they name.
class Checker {
 public:
  Checker(const Config& config, const std::string& file, const KeyPlaces& places)
      : config_(config), file_(file), places_(places) {}

  void check() const {
    check_model();
    check_data();
    check_split();
    check_optimizer();
    check_following_steps();
    if (const auto fault = vocabulary_fault(config_)) fail("pipeline.vocabulary", *fault);
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    const auto place = places_.find(key);
    fail_at_key(place == places_.end() ? file_ : place->second, key, what);
  }

  void check_model() const {
    const ModelConfig& model = config_.model;
    if (model.preset.empty() && model.layers.empty()) {
      fail("model", "expected a preset (" + join(names_of(presets())) + ") or a list of layers");
    }
    if (!model.preset.empty() && !model.layers.empty()) {
      fail("model.layers", "given beside model.preset, expected only one of them");
    }
    if (const auto key = unused_key(model)) {
      refuse_unused(
          "model." + std::string(*key), presets_with_key(*key),
          model.preset.empty() ? "model.layers is given" : "model.preset is " + model.preset);
    }
    const Preset* preset = find_row(presets(), model.preset);
    if (preset != nullptr) require_sizes(*preset);
    if (model.heads > 0 && model.width > 0 && model.width % model.heads != 0) {
      fail("model.heads",
           text(model.heads) + " heads do not divide model.width " + text(model.width));
    }
    if (model.heads > 0 && model.kv_heads > 0 && model.heads % model.kv_heads != 0) {
      fail("model.kv_heads",
           text(model.kv_heads) + " kv_heads do not divide model.heads " + text(model.heads));
    }
    if (preset != nullptr && preset->rotary && model.width / model.heads % 2 != 0) {
      fail("model.heads", text(model.width / model.heads) +
                              " entries a head (model.width / model.heads), expected an even "
                              "number: rotary positions turn pairs");
    }
  }

  void require_sizes(const Preset& preset) const {
    std::vector<std::string> keys;
    for (const ModelSize& needed : preset.needs) keys.emplace_back(needed.key);
    for (const ModelSize& needed : preset.needs) {
      if (config_.model.*needed.size > 0) continue;
      fail(std::string("model.") + needed.key,
           "missing, the preset " + std::string(preset.name) + " needs " + listed(keys));
    }
  }

  void check_data() const {
    const DataConfig& data = config_.data;
    check_data_format();
    if (gives_images(data)) return;
    if (data.sequence_length == 0 && config_.model.preset.empty()) {
      fail("data.sequence_length",
           "missing, a model given as layers has no context to take it from");
    }
    const Preset* preset = find_row(presets(), config_.model.preset);
    const bool rotary = preset != nullptr && preset->rotary;
    if (data.sequence_length == 0 && rotary) {
      fail("data.sequence_length", "missing, and there is no model.context to take it from");
    }
    if (!rotary && config_.model.context > 0 && data.sequence_length > config_.model.context) {
      fail("data.sequence_length", text(data.sequence_length) + " is more than model.context " +
                                       text(config_.model.context));
    }
  }

  void check_data_format() const {
    const DataConfig& data = config_.data;
    if (!data.mixture.empty() && !data.path.empty()) {
      fail("data.mixture", "given beside data.path, expected only one of them");
    }
    if (!data.mixture.empty() && data.windows == Windows::kEpochs) {
      fail("data.windows", "epochs are of data.path: rows of a mixture are drawn");
    }
    if (reads_files(data) && data.path.empty() && data.mixture.empty()) {
      fail("data.path", "missing, expected the file of the format " + data.format);
    }
    if (!reads_files(data) && !gives_images(data) && config_.model.vocabulary == 0 &&
        !has_vocabulary(config_.model)) {
      fail("model.vocabulary", "synthetic data has none of its own, expected a number");
    }
    if (!data.image.empty() && (data.image.size() != 3 || data.classes == 0)) {
      fail("data.image", "expected height, width and channels, and data.classes beside them");
    }
    for (const std::string_view option : given_data_options(data)) {
      if (takes_option(data, option)) continue;
      refuse_unused("data." + std::string(option), formats_with_option(option),
                    "data.format is " + data.format);
    }
    const std::string problem = problem_of_tokenizer(data);
    if (!problem.empty()) fail("data.tokenizer", problem);
    if ((data.random() || data.validates_files()) && !reads_files(data)) {
      refuse_unused("data.validation", "the formats that read files",
                    "data.format is " + data.format);
    }
    if (data.validates_files() && data.validation_fraction > 0) {
      fail("data.validation_fraction",
           "is of data.validation last or random, but files of their own validate; set it to 0");
    }
  }

  // A key that would be ignored.
  [[noreturn]] void refuse_unused(const std::string& key, const std::string& users,
                                  const std::string& found) const {
    fail(key, "is for " + users + ", but " + found + "; leave it out");
  }

  void check_split() const {
    const int rows = config_.train.batch_size, replicas = config_.parallel.data;
    if (rows % replicas != 0) {
      fail("train.batch_size",
           text(rows) + " rows do not divide over parallel.data " + text(replicas));
    }
    if (config_.pipeline.microbatches > rows / replicas) {
      fail("pipeline.microbatches", text(config_.pipeline.microbatches) + " is more than the " +
                                        text(rows / replicas) +
                                        " rows of a replica (train.batch_size / parallel.data)");
    }
    const std::vector<int>& first = config_.pipeline.first_layers;
    if (!first.empty() &&
        (first.front() != 0 ||
         std::ranges::adjacent_find(first, std::greater_equal<>()) != first.end())) {
      fail("pipeline.partition", "expected rising layer numbers that begin with 0");
    }
  }

  void check_optimizer() const {
    const OptimizerConfig& optimizer = config_.optimizer;
    check_own_key("betas", optimizer.betas != OptimizerConfig().betas);
    check_own_key("momentum", optimizer.momentum != OptimizerConfig().momentum);
    const LearningRateConfig& schedule = config_.optimizer.schedule;
    if (schedule.decay_steps > 0 && schedule.decay_steps <= schedule.warmup_steps) {
      fail("optimizer.schedule.decay_steps", text(schedule.decay_steps) +
                                                 ", expected more than warmup_steps " +
                                                 text(schedule.warmup_steps));
    }
    if (schedule.min_learning_rate > config_.optimizer.learning_rate) {
      fail("optimizer.schedule.min_learning_rate", "more than optimizer.learning_rate");
    }
  }

  void check_following_steps() const {
    if (const auto fault = following_steps_fault(config_)) fail(fault->key, fault->what);
  }

  void check_own_key(const std::string& key, bool given) const {
    for (const OptimizerKind& kind : optimizer_kinds()) {
      if (!given || kind.own_key != key || kind.name == config_.optimizer.type) continue;
      refuse_unused("optimizer." + key, std::string(kind.name),
                    "optimizer.type is " + config_.optimizer.type);
    }
  }

  static std::string text(int number) { return std::to_string(number); }

  const Config& config_;
  const std::string& file_;
  const KeyPlaces& places_;
};

constexpr int kDefaultSteps = 1000;
void fill_decay(Config& config) {
  LearningRateConfig& schedule = config.optimizer.schedule;
  if (schedule.decay_steps == 0) {
    schedule.decay_steps = std::max(config.train.steps, schedule.warmup_steps + 1);
  }
}

// A table brings its own sizes and placement: those that the file has for another schedule give way
// to it. What the command line asks for must be the table's, or is refused where the table is read.
void give_way_to_table(PipelineConfig& pipeline, const KeyPlaces& places) {
  if (!pipeline.schedule.ends_with(".csv")) return;
  const auto give_way = [&](const std::string& key, auto& value) {
    const auto place = places.find(key);
    if (place != places.end() && !place->second.starts_with("--set")) value = {};
  };
  give_way("pipeline.microbatches", pipeline.microbatches);
  give_way("pipeline.virtual_stages", pipeline.virtual_stages);
  give_way("pipeline.placement", pipeline.placement);
}

// Defaults that come from other fields.
void fill_defaults(Config& config, const std::filesystem::path& file) {
  if (config.train.output.empty()) {
    config.train.output = (working_directory() / "runs" / file.stem()).string();
  }
  if (config.data.sequence_length == 0) config.data.sequence_length = config.model.context;
  if (config.train.epochs > 0) return;  // settle_steps() has the rest
  if (config.train.steps == TrainConfig::kNoSteps) config.train.steps = kDefaultSteps;
  fill_decay(config);
}

}  // namespace

Config load_config(const std::string& path, const std::vector<std::string>& overrides) {
  YamlValue root = read_yaml_file(path);
  for (const std::string& setting : overrides) apply_override(root, setting);
  Config config;
  KeyPlaces places;
  ConfigReader reader(root, "", from_working_directory(path).parent_path(), places);
  visit_fields(reader, config);
  reader.finish();
  give_way_to_table(config.pipeline, places);
  if (config.data.validates_files() && !places.contains("data.validation_fraction")) {
    config.data.validation_fraction = 0;
  }
  config.optimizer.schedule.decay_given = config.optimizer.schedule.decay_steps > 0;
  fill_defaults(config, path);
  Checker(config, path, places).check();
  return config;
}

void settle_steps(Config& config, std::int64_t epoch_steps) {
  TrainConfig& train = config.train;
  if (train.epochs == 0) return;
  if (epoch_steps == 0) {
    throw Error(ExitCode::kConfiguration,
                "train.epochs: there are none of windows that are drawn; give train.steps, or set "
                "data.windows to epochs");
  }
  const std::int64_t steps = train.epochs * epoch_steps;
  const bool given = train.steps != TrainConfig::kNoSteps;
  if (!given && steps > std::numeric_limits<int>::max()) {
    throw Error(ExitCode::kConfiguration, "train.epochs: " + std::to_string(train.epochs) + " of " +
                                              std::to_string(epoch_steps) +
                                              " steps are more than 2147483647 steps");
  }
  if (!given || steps < train.steps) train.steps = static_cast<int>(steps);
  fill_decay(config);
}

std::string resolved_yaml(const Config& config) {
  Config copy = config;  // visiting fields needs them mutable
  YAML::Emitter out;
  ConfigWriter writer(out);
  out << YAML::BeginMap;
  visit_fields(writer, copy);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace pipetrain
