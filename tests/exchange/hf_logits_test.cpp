// Folders that Hugging Face's transformers wrote or loaded, with the logits it found: imported, our
// layers find the same. Beside the small ones in tests/golden/, those that PIPETRAIN_HF_FOLDERS
// names, parted by colons (scripts/hf_check.py).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "data/temporary_folder.h"
#include "exchange/weights_import.h"
#include "nn/layers/model.h"
#include "setup/weights.h"

using namespace pipetrain;

namespace {

struct Expected {
  std::int64_t rows, tokens, vocabulary;
  std::vector<std::int32_t> ids;  // (rows, tokens)
  std::vector<float> logits;      // (rows, tokens, vocabulary)
};

Expected expected_of(const std::string& folder) {
  const SafetensorsFile file(folder + "/logits.safetensors");
  const StoredTensor *ids = file.find("tokens"), *logits = file.find("logits");
  REQUIRE((ids != nullptr && logits != nullptr));
  Expected made{logits->shape.at(0), logits->shape.at(1), logits->shape.at(2), {}, {}};
  REQUIRE(ids->shape == Extents{made.rows, made.tokens});
  made.ids.resize(ids->bytes.size() / 4);
  made.logits.resize(logits->bytes.size() / 4);
  std::memcpy(made.ids.data(), ids->bytes.data(), ids->bytes.size());
  std::memcpy(made.logits.data(), logits->bytes.data(), logits->bytes.size());
  return made;
}

// Of the checkpoint's layers, one after the other.
std::vector<float> logits_of(const std::string& folder, const Expected& expected) {
  const Checkpoint checkpoint = open_checkpoint(folder);
  const Config config = load_config(folder + "/config.yaml");
  const auto layers = build_layers(config.model, {.row = {expected.tokens},
                                                  .vocabulary = expected.vocabulary,
                                                  .classes = expected.vocabulary});
  std::map<std::string, std::vector<float>> values;
  MemoryPool pool;
  Ops ops(pool);
  const Context context{.ops = ops, .mode = Mode::kEvaluate};
  Tensor x(pool, {expected.rows, expected.tokens}, DType::kInt32);
  std::memcpy(x.i32(), expected.ids.data(), expected.ids.size() * sizeof(std::int32_t));
  for (const auto& layer : layers) {
    for (Parameter& parameter : layer->parameters()) {
      std::vector<float>& own = values[parameter.name];
      own.resize(static_cast<std::size_t>(parameter.elements()));
      checkpoint.read(parameter.name, extents_of(parameter.shape), own);
      parameter.value = own.data();
    }
    Saved saved;
    x = layer->forward(context, std::move(x), saved);
  }
  CHECK(values.size() == checkpoint.names().size());
  return {x.f32(), x.f32() + x.elements()};
}

std::vector<std::string> folders() {
  std::vector<std::string> made;
  for (const auto& entry : std::filesystem::directory_iterator(PIPETRAIN_GOLDEN)) {
    if (entry.path().filename().string().starts_with("hf_")) made.push_back(entry.path().string());
  }
  std::ranges::sort(made);
  const char* const more = std::getenv("PIPETRAIN_HF_FOLDERS");
  std::istringstream names(more == nullptr ? "" : more);
  for (std::string name; std::getline(names, name, ':');) made.push_back(name);
  return made;
}

}  // namespace

TEST_CASE("An imported model has the logits that transformers finds") {
  for (const std::string& folder : folders()) {
    CAPTURE(folder);
    const TemporaryFolder temporary;
    import_weights(folder, temporary.path("checkpoint"));
    const Expected expected = expected_of(folder);
    const std::vector<float> found = logits_of(temporary.path("checkpoint"), expected);
    REQUIRE(found.size() == expected.logits.size());
    double largest = 0, distance = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      largest = std::max(largest, std::abs(double{expected.logits[i]}));
      distance = std::max(distance, std::abs(double{found[i]} - double{expected.logits[i]}));
    }
    std::printf("%s: logits differ by %.2g of the largest\n", folder.c_str(), distance / largest);
    CHECK(distance < 1e-5 * largest);
  }
}
