// The pipeline against PyTorch's small models: a GPT, a classifier of tokens, a residual network.
#include "golden.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace golden_test {

namespace {

using Names = std::map<std::string, std::string>;

// "h.1.fc.weight" -> "layers.4.mlp.up.weight"
std::string gpt_name(const std::string& theirs) {
  static const Names parts = {{"norm1", "norm"}, {"qkv", "qkv"}, {"proj", "projection"},
                              {"norm2", "norm"}, {"fc", "up"},   {"out", "down"}};
  if (theirs == "wte.weight") return "layers.0.embedding.token.weight";
  if (theirs == "wpe.weight") return "layers.0.embedding.position.weight";
  const std::size_t dot = theirs.rfind('.');
  const std::string suffix = theirs.substr(dot);
  if (theirs.rfind("norm.", 0) == 0) return "layers.5.layer_norm" + suffix;
  const int block = theirs[2] - '0';
  const std::string part = theirs.substr(4, dot - 4);
  const bool attention = part == "norm1" || part == "qkv" || part == "proj";
  return "layers." + std::to_string(2 * block + (attention ? 1 : 2)) +
         (attention ? ".attention." : ".mlp.") + parts.at(part) + suffix;
}

// "blocks.1.fc.weight" -> "layers.8.mlp.up.weight", "conv2.bias" -> "layers.3.conv1d.bias"
std::string classifier_name(const std::string& theirs) {
  static const Names layers = {
      {"embedding", "0.embedding.token"}, {"conv1", "1.conv1d"},         {"conv2", "3.conv1d"},
      {"norm", "4.layer_norm"},           {"head_norm", "9.layer_norm"}, {"head", "11.linear"}};
  const std::size_t dot = theirs.rfind('.');
  const auto layer = layers.find(theirs.substr(0, dot));
  if (layer != layers.end())
    return std::string("layers.").append(layer->second + theirs.substr(dot));
  // A block's parts have the GPT's names, four layers later.
  std::string name = gpt_name(std::string("h").append(theirs, theirs.find('.')));
  const int index = name[7] - '0';
  return name.replace(7, 1, std::to_string(index + 4));
}

// "block2.bn1.weight" -> "layers.3.residual.1.batch_norm.weight"
std::string resnet_name(const std::string& theirs) {
  static const Names layers = {{"stem", "0.conv2d"},
                               {"stem_bn", "1.batch_norm"},
                               {"block1", "2.residual"},
                               {"block2", "3.residual"},
                               {"head", "5.linear"}};
  static const Names parts = {{"conv1", ".0.conv2d"},       {"bn1", ".1.batch_norm"},
                              {"conv2", ".2.conv2d"},       {"bn2", ".3.batch_norm"},
                              {"skip.0", ".skip.0.conv2d"}, {"skip.1", ".skip.1.batch_norm"}};
  const std::size_t first = theirs.find('.'), last = theirs.rfind('.');
  std::string name = "layers." + layers.at(theirs.substr(0, first));
  if (first != last) name += parts.at(theirs.substr(first + 1, last - first - 1));
  return name + theirs.substr(last);
}

LayerEntry layer(const std::string& kind, std::vector<std::pair<std::string, std::string>> options,
                 std::vector<LayerEntry> layers = {}) {
  return {kind, "golden", std::move(options), std::move(layers)};
}

LayerEntry convolution(const std::string& channels, const std::string& stride = "1") {
  return layer("conv2d",
               {{"channels", channels}, {"kernel", "3"}, {"stride", stride}, {"bias", "false"}});
}

ModelConfig tiny_resnet() {
  const LayerEntry norm = layer("batch_norm", {}),
                   norm_relu = layer("batch_norm", {{"relu", "true"}});
  ModelConfig model;
  model.layers = {
      convolution("8"),
      norm_relu,
      layer("residual", {{"relu", "true"}}, {convolution("8"), norm_relu, convolution("8"), norm}),
      layer("residual", {{"relu", "true"}, {"skip", "projected"}},
            {convolution("16", "2"), norm_relu, convolution("16"), norm}),
      layer("global_mean_pool", {}),
      layer("linear", {{"features", "classes"}})};
  return model;
}

ModelConfig tiny_gpt() {
  return {.preset = "gpt", .depth = 2, .heads = 4, .width = 32, .context = 16};
}

Reference gpt_reference() {
  Reference reference = load_reference("gpt_tiny", gpt_name);
  reference.rows.vocabulary = 65;
  return reference;
}

ModelConfig tiny_classifier() {
  return {.preset = "classifier", .depth = 2, .heads = 4, .width = 32};
}

Reference classifier_reference() {
  Reference reference = load_reference("classifier_tiny", classifier_name);
  reference.rows.vocabulary = 100;
  return reference;
}

void check_same(const GoldenRun& found, const GoldenRun& expected) {
  CHECK(found.losses == expected.losses);
  CHECK(found.norms == expected.norms);
  CHECK(found.gradients == expected.gradients);
  CHECK(found.final == expected.final);
  CHECK(found.initial_validation == expected.initial_validation);
}

}  // namespace

TEST_CASE("A tiny GPT learns as PyTorch's does, with the same bits however it is cut") {
  const Reference reference = gpt_reference();
  const ModelConfig gpt = tiny_gpt();
  const std::vector<Cut> cuts = {{1, {}}, {2, {}},           {2, {0, 6}},
                                 {4, {}}, {4, {0, 1, 2, 6}}, {7, {}}};
  std::vector<double> whole_losses;  // of one microbatch
  for (const int microbatches : {1, 2, 4, 8}) {
    const GoldenRun first =
        run_golden(reference, golden_config(gpt, cuts[0], "gpipe", microbatches), 1);
    // Of key biases, whose gradient is rounding alone, made large by AdamW; others are within 1e-5.
    check_golden(first, reference, microbatches, 1e-3);
    if (microbatches == 1) whole_losses = first.losses;
    CHECK(largest_deviation(first.losses, whole_losses) < 1e-5);

    for (const char* schedule : {"gpipe", "1f1b"}) {
      for (const Cut& cut : cuts) {
        INFO(schedule << ", " << cut.ranks << " stages, " << microbatches << " microbatches");
        check_same(
            run_golden(reference, golden_config(gpt, cut, schedule, microbatches), cut.ranks),
            first);
      }
    }
  }
}

TEST_CASE("A tiny classifier learns as PyTorch's does, with the same bits however it is cut") {
  const Reference reference = classifier_reference();
  const ModelConfig classifier = tiny_classifier();
  for (const int microbatches : {1, 4}) {
    const GoldenRun first =
        run_golden(reference, golden_config(classifier, {1, {}}, "gpipe", microbatches), 1);
    check_golden(first, reference, microbatches, 1e-3);  // key biases, as above
    for (const char* schedule : {"gpipe", "1f1b", "zb-h1"}) {
      for (const Cut& cut : std::vector<Cut>{{2, {}}, {4, {0, 5, 7, 9}}, {12, {}}}) {
        INFO(schedule << ", " << cut.ranks << " stages, " << microbatches << " microbatches");
        if (std::string(schedule) == "zb-h1" && microbatches < cut.ranks) continue;
        check_same(run_golden(reference, golden_config(classifier, cut, schedule, microbatches),
                              cut.ranks),
                   first);
      }
    }
  }
}

// Batch norm takes its statistics from each microbatch, so that only M = 1 is PyTorch's run.
TEST_CASE("A tiny residual network learns as PyTorch's does, its running statistics included") {
  const Reference reference = load_reference("resnet_tiny", resnet_name);
  for (const int microbatches : {1, 4}) {
    const GoldenRun first =
        run_golden(reference, golden_config(tiny_resnet(), {1, {}}, "gpipe", microbatches), 1);
    if (microbatches == 1) check_golden(first, reference, microbatches, 1e-3);
    for (const Cut& cut : std::vector<Cut>{{2, {}}, {3, {0, 2, 3}}, {6, {}}}) {
      INFO(cut.ranks << " stages, " << microbatches << " microbatches");
      check_same(
          run_golden(reference, golden_config(tiny_resnet(), cut, "1f1b", microbatches), cut.ranks),
          first);
    }
  }
}

// Quick, to be run with each instruction set that ONEDNN_MAX_CPU_ISA names.
TEST_CASE("Small models learn as PyTorch's do with these instructions", "[instructions]") {
  check_golden(run_golden(gpt_reference(), golden_config(tiny_gpt(), {2, {}}, "1f1b", 2), 2),
               gpt_reference(), 2, 1e-3);
  check_golden(
      run_golden(classifier_reference(), golden_config(tiny_classifier(), {1, {}}, "gpipe", 1), 1),
      classifier_reference(), 1, 1e-3);
  const Reference images = load_reference("resnet_tiny", resnet_name);
  check_golden(run_golden(images, golden_config(tiny_resnet(), {1, {}}, "gpipe", 1), 1), images, 1,
               1e-3);
}

}  // namespace golden_test
