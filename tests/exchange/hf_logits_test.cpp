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
  Shape row;  // (T) tokens, or (H, W, C) pixels
  std::int64_t rows, outputs;
  std::vector<std::int32_t> ids;  // (rows, T), below 0 where they fill up a row; or none
  std::vector<float> pixels;      // (rows, H, W, C); or none
  std::vector<float> logits;      // (rows, T, outputs), of a classifier (rows, outputs)
};

template <class T>
std::vector<T> values_of(const StoredTensor& tensor) {
  std::vector<T> made(tensor.bytes.size() / sizeof(T));
  std::memcpy(made.data(), tensor.bytes.data(), tensor.bytes.size());
  return made;
}

Expected expected_of(const std::string& folder) {
  const SafetensorsFile file(folder + "/logits.safetensors");
  const StoredTensor *ids = file.find("tokens"), *pixels = file.find("pixels"),
                     *logits = file.find("logits");
  REQUIRE((logits != nullptr && (ids != nullptr) != (pixels != nullptr)));
  const StoredTensor& inputs = ids != nullptr ? *ids : *pixels;
  Expected made{{}, inputs.shape.at(0), logits->shape.back(), {}, {}, values_of<float>(*logits)};
  for (std::size_t axis = 1; axis < inputs.shape.size(); ++axis)
    made.row.append(inputs.shape[axis]);
  if (ids != nullptr) made.ids = values_of<std::int32_t>(*ids);
  if (pixels != nullptr) made.pixels = values_of<float>(*pixels);
  return made;
}

// Where each token's document begins: what fills up a row is one of its own.
std::vector<std::int32_t> starts_of(const Expected& expected) {
  std::vector<std::int32_t> starts;
  const std::int64_t tokens = expected.row[0];
  for (std::int64_t row = 0; row < expected.rows; ++row) {
    const auto first = expected.ids.begin() + row * tokens;
    const auto own = static_cast<std::int32_t>(std::find(first, first + tokens, -1) - first);
    for (std::int64_t t = 0; t < tokens; ++t) starts.push_back(t < own ? 0 : own);
  }
  return starts;
}

Tensor inputs_of(const Expected& expected, MemoryPool& pool) {
  const Shape shape = expected.row.batched(expected.rows);
  Tensor x(pool, shape, expected.ids.empty() ? DType::kFloat32 : DType::kInt32);
  const void* const from =
      expected.ids.empty() ? static_cast<const void*>(expected.pixels.data()) : expected.ids.data();
  std::memcpy(x.data(), from, x.bytes());
  return x;
}

// Of the checkpoint's layers, one after the other.
std::vector<float> logits_of(const std::string& folder, const Expected& expected) {
  const Checkpoint checkpoint = open_checkpoint(folder);
  const Config config = load_config(folder + "/config.yaml");
  MemoryPool pool;
  Ops ops(pool);
  Tensor x = inputs_of(expected, pool);
  const auto layers = build_layers(
      config.model,
      {.row = expected.row, .dtype = x.dtype(), .vocabulary = 0, .classes = expected.outputs});
  std::map<std::string, std::vector<float>> values;
  const std::vector<std::int32_t> starts =
      config.data.separate() ? starts_of(expected) : std::vector<std::int32_t>();
  const Context context{.ops = ops,
                        .mode = Mode::kEvaluate,
                        .document_starts = starts.empty() ? nullptr : starts.data()};
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
