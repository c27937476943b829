// Layers that ranks share: the slices of a tensor-parallel group make up the whole.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/layers/model.h"
#include "nn/slice.h"

using namespace pipetrain;

namespace shared_layers_test {

TEST_CASE("Ranks that share layers have slices that make up the whole, initial values included") {
  ModelConfig classifier{.preset = "classifier", .depth = 1, .heads = 4, .width = 32};
  DataShape labelled = tokens(16, 65);
  labelled.classes = 3;
  ModelConfig newer;
  newer.layers = {told_entry("embedding", {{"width", "32"}, {"positions", "none"}}),
                  told_entry("transformer_block", {{"heads", "4"},
                                                   {"kv_heads", "2"},
                                                   {"head_width", "6"},
                                                   {"positions", "rotary"},
                                                   {"head_norms", "true"},
                                                   {"norm_behind", "true"},
                                                   {"parallel", "true"},
                                                   {"activation", "geglu"}}),
                  told_entry("linear", {{"features", "vocabulary"}, {"bias", "false"}})};
  for (const ModelConfig& config : {gpt(), llama(), classifier, newer}) {
    const DataShape data = config.preset == "classifier" ? labelled : tokens(16, 65);
    const auto whole = build_layers(config, data);
    const int size = 2;
    std::map<std::string, std::vector<float>> found;
    std::map<std::string, int> copies;  // of a tensor
    for (int rank = 0; rank < size; ++rank) {
      const auto layers = build_layers(config, data, {rank, size});
      CHECK(parameter_count(layers) == parameter_count(whole));
      CHECK(training_flop_per_row(layers) == training_flop_per_row(whole));
      for (const auto& layer : layers) {
        for (const Parameter& parameter : layer->parameters()) {
          if (parameter.tied_to_earlier) continue;
          std::vector<float> values(static_cast<std::size_t>(parameter.elements()));
          initialize(parameter, 7, values);
          std::vector<float>& to = found[parameter.name];
          to.resize(static_cast<std::size_t>(parameter.whole.elements()), -9.0f);
          if (!parameter.slicing.sliced()) ++copies[parameter.name];
          const std::int64_t columns = parameter.whole.elements() / parameter.whole[0];
          for (const SliceBox& box :
               boxes_of(parameter.slicing, parameter.whole, 0, parameter.elements())) {
            for (std::int64_t i = 0; i < box.elements(); ++i) {
              const std::int64_t at =
                  (box.row + i / box.columns) * columns + box.column + i % box.columns;
              to[static_cast<std::size_t>(at)] = values[static_cast<std::size_t>(box.at + i)];
            }
          }
        }
      }
    }
    for (const auto& layer : whole) {
      for (const Parameter& parameter : layer->parameters()) {
        if (parameter.tied_to_earlier) continue;
        INFO(config.preset << " " << parameter.name);
        std::vector<float> expected(static_cast<std::size_t>(parameter.elements()));
        initialize(parameter, 7, expected);
        CHECK(found.at(parameter.name) == expected);
        // Norms and what is added after a sum are whole on every rank, and all of the classifier's
        // convolutions and its head.
        const bool matrix = parameter.shape.rank() > 1 && config.preset != "classifier";
        if (matrix && parameter.name != "layers.0.embedding.position.weight") {
          CHECK(copies[parameter.name] == 0);
        }
      }
    }
  }
}

TEST_CASE("What cannot be shared over ranks is refused with the reason") {
  const auto refused = [](const ModelConfig& config, int size) {
    return failure(config, tokens(16, 65), {0, size});
  };
  CHECK(refused(gpt(), 3).find("heads 4 cannot be shared out evenly over the 3 ranks") !=
        std::string::npos);
  CHECK(refused(llama(), 4).find("kv_heads 2 cannot") != std::string::npos);
  ModelConfig odd = gpt();
  odd.mlp_width = 65;
  CHECK(refused(odd, 2).find("the MLP's width 65 cannot") != std::string::npos);
  CHECK(refused(gpt(), 2).empty());
  const DataShape images{.row = {32, 32, 3}, .dtype = DType::kFloat32, .classes = 10};
  CHECK(failure({.preset = "resnet", .depth = 18}, images, {0, 2})
            .find("can share attention and MLPs, and the model has neither") != std::string::npos);
  ModelConfig small = gpt();
  small.vocabulary = 3;
  CHECK(failure(small, tokens(16, 3), {0, 4}).find("vocabulary 3 is smaller") != std::string::npos);
}

}  // namespace shared_layers_test
