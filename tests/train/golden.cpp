#include "golden.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "catch.h"
#include "checkpoint/safetensors.h"

namespace pipetrain {
namespace {

constexpr int kSteps = 10;
constexpr double kTolerance = 1e-4;

template <class Stored, class Value>
std::vector<Value> values_of(const StoredTensor& tensor) {
  std::vector<Stored> stored(tensor.bytes.size() / sizeof(Stored));
  std::memcpy(stored.data(), tensor.bytes.data(), tensor.bytes.size());
  return {stored.begin(), stored.end()};
}

// (N, C, H, W) -> (N, H, W, C)
std::vector<float> channels_last(const std::vector<float>& images, const Extents& shape) {
  std::vector<float> made(images.size());
  const auto channels = static_cast<std::size_t>(shape[1]);
  const auto pixels = static_cast<std::size_t>(shape[2] * shape[3]);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t image = i / (channels * pixels), channel = i / pixels % channels;
    made[(image * pixels + i % pixels) * channels + channel] = images[i];
  }
  return made;
}

void take_input(const StoredTensor& tensor, FixedRows& rows) {
  const Extents& shape = tensor.shape;
  if (tensor.type == StoredType::kInt64) {
    rows.tokens = values_of<std::int64_t, std::int32_t>(tensor);
    rows.input_row = {shape[1]};
  } else {
    rows.pixels = channels_last(values_of<float, float>(tensor), shape);
    rows.input_row = {shape[2], shape[3], shape[1]};
  }
}

void take_target(const StoredTensor& tensor, FixedRows& rows) {
  rows.targets = values_of<std::int64_t, std::int32_t>(tensor);
  if (tensor.shape.size() == 2) rows.target_row = {tensor.shape[1]};
}

void set_values(RankThread& rank, const Weights& initial) {
  const auto set = [&](const std::string& name, float* to, std::int64_t elements) {
    const std::vector<float>& from = initial.at(name);
    if (static_cast<std::int64_t>(from.size()) != elements) {
      throw std::runtime_error(name + " has another size");
    }
    std::copy(from.begin(), from.end(), to);
  };
  for (StageParameters& stage : rank.pipeline().state.parameters().stages()) {
    for (const ParameterSlot& slot : stage.slots) {
      set(slot.parameter->name, slot.parameter->value, slot.elements);
    }
    for (const Buffer* buffer : stage.buffers) {
      set(buffer->name, buffer->value, buffer->shape.elements());
    }
  }
}

}  // namespace

Reference load_reference(const std::string& name,
                         const std::function<std::string(const std::string&)>& our_name) {
  const std::string path = std::string(PIPETRAIN_GOLDEN) + "/" + name;
  Reference reference;
  const SafetensorsFile file(path + ".safetensors");
  const std::map<std::string, Weights*> kinds = {
      {"init", &reference.initial}, {"grad", &reference.gradients}, {"final", &reference.final}};
  for (const StoredTensor& tensor : file.tensors()) {
    const std::size_t dot = tensor.name.find('.');
    if (tensor.name == "input") {
      take_input(tensor, reference.rows);
    } else if (tensor.name == "target") {
      take_target(tensor, reference.rows);
    } else if (tensor.name == "logits_eval_mode") {
      reference.logits = values_of<float, float>(tensor);
      reference.rows.classes = static_cast<int>(tensor.shape.back());
    } else {
      (*kinds.at(tensor.name.substr(0, dot)))[our_name(tensor.name.substr(dot + 1))] =
          values_of<float, float>(tensor);
    }
  }
  std::ifstream text(path + ".json");
  const nlohmann::json figures = nlohmann::json::parse(text);
  reference.losses = figures["losses"].get<std::vector<double>>();
  reference.norms = figures["grad_norms"].get<std::vector<double>>();
  return reference;
}

Config golden_config(const ModelConfig& model, const Cut& cut, const std::string& schedule,
                     int microbatches) {
  Config config;
  config.model = model;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition =
      cut.first_layers.empty() ? PartitionRule::kUniform : PartitionRule::kList;
  config.pipeline.first_layers = cut.first_layers;
  config.optimizer.learning_rate = 1e-3;
  config.optimizer.betas = {0.9, 0.95};
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = 8;
  return config;
}

GoldenRun run_golden(const Reference& reference, const Config& config, int ranks) {
  const FixedSource source(reference.rows);
  GoldenRun made;
  std::mutex mutex;
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    set_values(rank, reference.initial);
    const double validation = rank.evaluate();
    rank.train(0, kSteps, [&](std::int64_t step, const StepResult& result) {
      const std::lock_guard lock(mutex);
      if (step == 0) made.gradients.merge(rank.owned_gradients());
      if (rank.rank() != 0) return;
      made.losses.push_back(result.loss);
      made.norms.push_back(result.gradient_norm);
    });
    const std::lock_guard lock(mutex);
    if (rank.rank() == 0) made.initial_validation = validation;
    made.final.merge(rank.owned_values());
  });
  return made;
}

double largest_deviation(const Weights& found, const Weights& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (const auto& [name, values] : expected) {
    const std::vector<float>& mine = found.at(name);
    REQUIRE(mine.size() == values.size());
    double deviation = 0, scale = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      deviation = std::max(deviation, std::abs(static_cast<double>(mine[i]) - values[i]));
      scale = std::max(scale, std::abs(static_cast<double>(values[i])));
    }
    largest = std::max(largest, deviation / scale);
  }
  return largest;
}

double largest_deviation(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(found[i] - expected[i]));
  }
  return largest;
}

double validation_loss(const Reference& reference) {
  const auto classes = static_cast<std::size_t>(reference.rows.classes);
  double loss = 0;
  for (std::size_t row = 0; row < reference.rows.targets.size(); ++row) {
    const float* logits = reference.logits.data() + row * classes;
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(logits[c]));
    loss += std::log(sum) - static_cast<double>(logits[reference.rows.targets[row]]);
  }
  return loss;
}

void check_golden(const GoldenRun& run, const Reference& reference, int microbatches,
                  double weights_tolerance) {
  const double gradients = largest_deviation(run.gradients, reference.gradients),
               losses = largest_deviation(run.losses, reference.losses),
               norms = largest_deviation(run.norms, reference.norms),
               weights = largest_deviation(run.final, reference.final),
               validation = std::abs(run.initial_validation / validation_loss(reference) - 1);
  std::printf(
      "M=%d: largest deviation of gradients %.1e, losses %.1e, norms %.1e, weights %.1e, "
      "evaluation %.1e\n",
      microbatches, gradients, losses, norms, weights, validation);
  CHECK(gradients < kTolerance);
  CHECK(losses < kTolerance);
  CHECK(norms < kTolerance);
  CHECK(weights < weights_tolerance);
  CHECK(validation < kTolerance);
}

}  // namespace pipetrain
