#include "setup/model/model_setup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "pipeline/recompute.h"
#include "pipeline/vocabulary_cut.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

int replica_rows(const Config& config) { return config.train.batch_size / config.parallel.data; }

// What does not go with two copies of each stage.
void check_copies(const Config& config) {
  const std::string& name = config.pipeline.schedule;
  if (config.pipeline.delay > 0) {
    fail("pipeline.delay: 1 does not go with schedule " + name +
         ", which has two copies of each stage that are summed up at the end of a step; set it to "
         "0, or take a schedule with one copy");
  }
  if (config.pipeline.post_validation) {
    fail("pipeline.post_validation: true does not go with schedule " + name +
         ", which has two copies of each stage; leave it out, or take a schedule with one copy");
  }
  if (config.parallel.shard == Shard::kParameters) {
    fail("parallel.shard: parameters does not go with schedule " + name +
         ", which keeps two copies of each stage; set it to optimizer, or take a schedule with one "
         "copy");
  }
}

// How training cuts sequences; fails where slices have no meaning.
SequenceSlices checked_slices(const Config& config, const ModelSetup& model) {
  const int count = model.schedule.slices;
  if (count == 1) return {};
  const std::string found = "pipeline.slices: " + std::to_string(count) + ", but ";
  if (const std::string reason = why_not_sliced(model.layers, count); !reason.empty()) {
    fail(found + reason + "; leave it out");
  }
  if (config.parallel.shard == Shard::kParameters) {
    fail(found +
         "parallel.shard: parameters gathers for whole microbatches; set that to optimizer "
         "or none");
  }
  if (config.pipeline.delay > 0) {
    fail(found + "pipeline.delay: 1 is for whole microbatches; leave one of them out");
  }
  if (config.pipeline.post_validation) {
    fail(found + "pipeline.post_validation: true is for whole microbatches; leave one of them out");
  }
  if (const std::string reason = why_not_sliced(model.recomputed, model.layers); !reason.empty()) {
    fail(found + "pipeline.recompute " + reason);
  }
  return slices_of_equal_work(model.layers, count);
}

// The layers with the rank's pieces of the embedding's table and the head, as ModelSetup has them.
std::vector<std::unique_ptr<Layer>> layers_with_piece(const Config& config,
                                                      const SetupInputs& inputs, const Layer& head,
                                                      VocabularyPlace vocabulary) {
  if (const auto reason = why_no_pieces(head, inputs.stage_ranks, vocabulary)) fail(*reason);
  auto layers = build_layers(config.model, inputs.data, {}, config.train.precision);
  const TensorPlace place{.rank = inputs.pipeline_rank, .size = inputs.stage_ranks};
  layers.back() = head.vocabulary_piece(place, gradient_of_piece(vocabulary));
  if (auto table = layers.front()->embedding_piece(place)) {
    layers.insert(layers.end() - 1, std::move(table));
    layers.front() = layers.front()->without_table();
  } else if (std::ranges::any_of(layers.back()->parameters(), &Parameter::tied_to_earlier)) {
    fail("pipeline.vocabulary: " + name_of(kVocabularyPlaces, vocabulary) +
         ", but the head is tied to " + layers.front()->name() +
         ", whose rows ranks cannot share out; set it to whole");
  }
  return layers;
}

}  // namespace

DataShape data_shape_of(const Source& source) {
  return {.row = source.input_shape(),
          .dtype = source.input_dtype(),
          .vocabulary = source.vocabulary(),
          .classes = source.classes()};
}

ScheduleRequest schedule_request(const Config& config, int stage_ranks, int usual_microbatches) {
  const PipelineConfig& pipeline = config.pipeline;
  return {.name = pipeline.schedule,
          .ranks = stage_ranks,
          .microbatches = pipeline.microbatches,
          .virtual_stages = pipeline.virtual_stages,
          .slices = pipeline.slices,
          .most_microbatches = replica_rows(config),
          .usual_microbatches = usual_microbatches,
          .placement = pipeline.placement,
          .vocabulary = pipeline.vocabulary,
          .search = {.live_microbatches = static_cast<double>(pipeline.live_microbatches)}};
}

ModelSetup set_up_model(const Config& config, const SetupInputs& inputs) {
  const PipelineConfig& pipeline = config.pipeline;
  ModelSetup model;
  model.place = {inputs.tensor_rank, config.parallel.tensor};
  model.layers = build_layers(config.model, inputs.data, model.place, config.train.precision);
  const bool delays = inputs.trains && pipeline.delay > 0;
  if (delays) {
    model.other_layers =
        build_layers(config.model, inputs.data, model.place, config.train.precision);
  }
  model.recomputed = recomputed_layers(pipeline, model.layers);
  model.ranks = inputs.stage_ranks;
  model.training_rows = inputs.training_rows;
  model.evaluation_rows = inputs.evaluation_rows;
  model.memory_limit = inputs.memory_limit;
  model.measuring_rounds = inputs.measuring_rounds;
  model.schedule =
      choose_without_costs(schedule_request(config, inputs.stage_ranks, inputs.usual_microbatches));
  model.searches_placement = pipeline.placement.rule == PlacementRule::kAuto;
  model.microbatches = model.schedule.microbatches;
  if (model.microbatches > replica_rows(config)) {
    fail(pipeline.schedule + " has " + std::to_string(model.microbatches) +
         " microbatches, more than the " + std::to_string(replica_rows(config)) +
         " rows of a replica; raise train.batch_size");
  }
  if (delays && model.microbatches < model.ranks) {
    fail("pipeline.delay: 1 has no meaning for " + std::to_string(model.microbatches) +
         " microbatches on " + std::to_string(model.ranks) +
         " ranks: a step would begin before the one two steps before it has ended; set "
         "pipeline.microbatches to at least " +
         std::to_string(model.ranks));
  }
  if (model.copies() > 1) check_copies(config);
  model.slices = checked_slices(config, model);
  if (model.schedule.cuts_vocabulary()) {
    model.piece_layers =
        layers_with_piece(config, inputs, *model.layers.back(), model.schedule.vocabulary);
  }
  check_partition(pipeline, model.cut_layers(), model.stage_count());
  return model;
}

std::int64_t microbatch_rows(const Config& config, const ModelSetup& model) {
  return (replica_rows(config) + model.microbatches - 1) / model.microbatches;
}

}  // namespace pipetrain
