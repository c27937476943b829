#include "setup/run_setup.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/size.h"
#include "data/epochs.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "ops/bfloat16_products.h"
#include "ops/ops.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

bool wants_bfloat16(const Config& config) { return config.train.precision == DType::kBFloat16; }

}  // namespace

Grid check_scope(const Config& config, int ranks) {
  const Grid grid = Grid::filling(ranks, config.parallel.data, config.parallel.tensor);
  const bool emulates = emulates_bfloat16();
  if (wants_bfloat16(config) && !bfloat16_instructions() && !emulates) {
    fail(std::string("train.precision: there are no bfloat16 instructions here (") +
         instruction_set_description() + "); set it to float32 (or " + kEmulateBFloat16 +
         "=1 in the environment, for bfloat16's results without its speed)");
  }
  return grid;
}

std::string bfloat16_warning(const Config& config) {
  if (!wants_bfloat16(config) || multiplies_bfloat16()) return {};
  return std::string("train.precision: ") +
         (bfloat16_instructions() ? "bfloat16 is emulated as told"
                                  : "no bfloat16 instructions here") +
         ": products are made of float32 copies, the results of bfloat16 without its speed (" +
         kEmulateBFloat16 + "=1)";
}

void settle_sequence_length(Config& config) {
  if (config.data.sequence_length > 0 || gives_images(config.data)) return;
  config.data.sequence_length = static_cast<int>(configured_context(config.model));
  if (config.data.sequence_length == 0) fail("data.sequence_length is missing");
}

DataFacts share_data_facts(const Source* source, Collective& world) {
  DataFacts facts;
  if (source != nullptr) facts = {data_shape_of(*source), source->training_rows()};
  world.broadcast(std::as_writable_bytes(std::span(&facts, 1)), 0);
  return facts;
}

std::int64_t evaluation_rows(const TrainConfig& config, const Source& source) {
  const std::int64_t rows = source.validation_rows();
  if (config.eval_batches == 0) return rows;
  return std::min(rows, std::int64_t{config.eval_batches} * config.batch_size);
}

MemoryLimit memory_limit(const std::string& asked, const World& world, std::int64_t free_bytes) {
  if (!asked.empty()) return {parse_size(asked, "--memory-limit"), "--memory-limit"};
  const std::string& host = world.places[static_cast<std::size_t>(world.rank)].host;
  const auto ranks = std::count_if(world.places.begin(), world.places.end(),
                                   [&](const RankPlace& place) { return place.host == host; });
  return {free_bytes / ranks, "its share of what " + host + " has free for " +
                                  std::to_string(ranks) + (ranks == 1 ? " rank" : " ranks")};
}

void check_targets(const Source& source, const Layer& last) {
  const Shape output = last.output_row(), targets = source.target_shape();
  if (output.without_last() == targets) return;
  fail("model: " + last.name() + ", the last layer, gives rows of " + output.text() +
       " for targets of " + output.without_last().text() + ", but the data's are " +
       targets.text() +
       (targets.rank() == 0 ? " (one label a row); end with a mean over the row and a linear layer"
                            : " (one for each token)"));
}

void check_documents(const DataConfig& data, const ModelSetup& model) {
  if (!data.separate()) return;
  for (const auto& layer : model.layers) {
    if (layer->separates_documents()) continue;
    fail("data.documents: separate, but " + layer->name() +
         " lets tokens of a row follow from all others; set it to joined, or take a layer in its "
         "place that keeps them apart, such as attention or first_token");
  }
}

void check_tensor_groups(const Grid& grid, const World& world) {
  const auto threads = [&](int rank) {
    return world.places[static_cast<std::size_t>(rank)].threads;
  };
  for (int rank = 0; rank < grid.size(); ++rank) {
    const int first = grid.tensor_group(rank).front();
    if (threads(rank) == threads(first)) continue;
    fail("parallel.tensor: ranks " + std::to_string(first) + " and " + std::to_string(rank) +
         " share layers, but have " + std::to_string(threads(first)) + " and " +
         std::to_string(threads(rank)) +
         " threads; set OMP_NUM_THREADS to the same number on both");
  }
}

void settle_epochs(Config& config, const ModelSetup& model) {
  const std::int64_t replicas = config.parallel.data;
  const Epochs epochs{model.training_rows, config.train.batch_size, replicas * model.microbatches};
  if (epochs.samples > 0 && epochs.steps() == 0) {
    fail("pipeline.microbatches: the " + std::to_string(epochs.samples) +
         " training samples do not fill " + std::to_string(model.microbatches) + " microbatches" +
         (replicas > 1 ? " in each of " + std::to_string(replicas) + " replicas" : "") +
         "; set it to at most " + std::to_string(epochs.samples / replicas));
  }
  settle_steps(config, epochs.samples > 0 ? epochs.steps() : 0);
}

}  // namespace pipetrain
