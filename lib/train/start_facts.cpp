#include "train/start_facts.h"

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>

#include "base/machine_names.h"
#include "ops/ops.h"
#include "optim/optimizer.h"
#include "setup/memory_table.h"
#include "setup/model_description.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

Json versions_of(const RunOrigin& origin, const ProgramFacts& program) {
  Json versions = {{"pipetrain", origin.program}};
  for (const auto& [name, version] : program.versions) versions[name] = version;
  versions["instruction set"] = instruction_set_description();
  versions["compiler"] = compiler_name();
  versions["system"] = system_name();
  return versions;
}

// The layers with the times that the cut was made by, where there are such.
Json model_of(const Config& config, const ModelSetup& model, const Layout& layout) {
  Json described = describe_model(config, model, layout);
  for (std::size_t i = 0; i < layout.layer_costs.size() && i < described["layers"].size(); ++i) {
    const StageCost& cost = layout.layer_costs[i];
    if (layout.rounds_messages) break;  // counted, not measured
    described["layers"][i]["seconds"] = {cost.forward, cost.backward_input, cost.backward_weight};
  }
  return described;
}

Json memory_of(const Layout& layout) {
  Json ranks = Json::array();
  for (const RankMemory& rank : layout.memory) {
    Json kinds = Json::object();
    for (const auto& [name, bytes] : memory_kinds(rank)) kinds[name] = bytes;
    ranks.push_back(kinds);
  }
  return ranks;
}

}  // namespace

std::string rank_facts(const PipelineRank& pipeline) {
  const GridPosition& at = pipeline.map.position();
  return Json{{"processor", processor_name()},
              {"instructions", instruction_set_description()},
              {"data", at.data},
              {"tensor", at.tensor},
              {"pipeline", at.pipeline},
              {"stages", pipeline.map.local_stages()}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string different_instructions(const std::vector<std::string>& ranks) {
  std::map<std::string, std::string> by_set;  // -> "0, 3"
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    std::string& numbers = by_set[Json::parse(ranks[r]).value("instructions", "")];
    numbers += (numbers.empty() ? "" : ", ") + std::to_string(r);
  }
  if (by_set.size() < 2) return {};
  std::string text = "ranks compute with different instruction sets";
  for (const auto& [set, numbers] : by_set) {
    text += (text.ends_with("sets") ? ": " : "; ") + set + " on rank " + numbers;
  }
  return text +
         "; last digits depend on which rank has which layer: set ONEDNN_MAX_CPU_ISA alike for "
         "all, "
         "to what the least of them has";
}

Json start_facts(const Config& config, const World& world, const ModelSetup& model,
                 const PipelineRank& pipeline, const RunOrigin& origin, const ProgramFacts& program,
                 const std::vector<std::string>& ranks) {
  Json places = Json::array();
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const RankPlace& place = world.places[r];
    Json facts = {{"host", place.host},
                  {"threads", place.threads},
                  {"cores", place.cores},
                  {"sharing", place.sharing}};
    facts.update(Json::parse(ranks[r]));
    places.push_back(std::move(facts));
  }
  Json files = Json::array();
  for (const FileDigest& file : origin.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"digest", file.digest}});
  }
  const Grid& grid = pipeline.map.grid();
  return {
      {"program", origin.program},
      {"command", origin.command},
      {"versions", versions_of(origin, program)},
      {"world", world.text()},
      {"oversubscribed", world.oversubscribed()},
      {"bindings", program.bindings},
      {"ranks", std::move(places)},
      {"grid", {{"data", grid.data()}, {"tensor", grid.tensor()}, {"pipeline", grid.pipeline()}}},
      {"steps", config.train.steps},
      {"rate_unit", pipeline.batches.rate_unit()},
      {"precision", name_of(kPrecisions, config.train.precision)},
      {"moments", moments_per_parameter(config.optimizer)},
      {"data", std::move(files)},
      {"model", model_of(config, model, pipeline.layout)},
      {"memory", memory_of(pipeline.layout)}};
}

}  // namespace pipetrain
