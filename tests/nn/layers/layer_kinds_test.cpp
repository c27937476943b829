#include "nn/layers/layer_kinds.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/table.h"
#include "catch.h"

using namespace pipetrain;

namespace layer_kinds_test {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

// What a layer needs to be told.
LayerEntry entry_of(const std::string& kind) {
  static const std::map<std::string, Options> needed = {
      {"embedding", {{"width", "8"}}},
      {"attention", {{"heads", "2"}}},
      {"transformer_block", {{"heads", "2"}}},
      {"linear", {{"features", "3"}}},
      {"conv1d", {{"channels", "3"}, {"kernel", "3"}}},
      {"conv2d", {{"channels", "3"}, {"kernel", "3"}}},
      {"patches", {{"patch", "2"}, {"width", "8"}}},
      {"patch_embedding", {{"patch", "2"}, {"width", "8"}}},
      {"max_pool", {{"kernel", "2"}}},
      {"average_pool", {{"kernel", "2"}}},
      {"dropout", {{"rate", "0.5"}}},
  };
  LayerEntry entry{kind, "model.yaml:7", {}, {}};
  if (needed.contains(kind)) entry.options = needed.at(kind);
  if (kind == "residual") entry.layers = {LayerEntry{"relu", "model.yaml:8", {}, {}}};
  return entry;
}

int axes_of(RowForm form) {
  return form == RowForm::kIds || form == RowForm::kVector ? 1 : form == RowForm::kImage ? 3 : 2;
}

LayerList built(const LayerKind& kind) {
  DataShape data{.row = {6, 8}, .dtype = DType::kFloat32};
  if (kind.takes == RowForm::kIds) data = {.row = {6}, .vocabulary = 5};
  if (kind.takes == RowForm::kImage) data.row = {6, 4, 8};
  return build_layers({.layers = {entry_of(std::string(kind.name))}}, data);
}

}  // namespace

TEST_CASE("Each kind of layer has a name of its own and a sentence") {
  std::set<std::string_view> names;
  for (const LayerKind& kind : layer_kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    CHECK(std::string(kind.description).ends_with("."));
  }
}

TEST_CASE("Each kind of layer gives rows of the form that its row of the table tells") {
  for (const LayerKind& kind : layer_kinds()) {
    CAPTURE(kind.name);
    const LayerList layers = built(kind);
    const Shape in = layers.front()->input_row(), out = layers.back()->output_row();
    if (kind.gives == RowForm::kSame) {
      CHECK(out == in);
    } else if (kind.gives == RowForm::kTokensOrImage) {
      CHECK(out.rank() == in.rank());
    } else if (kind.gives != RowForm::kAny) {
      CHECK(out.rank() == axes_of(kind.gives));
    }
    CHECK(layers.size() ==
          (kind.name == "transformer_block" || kind.name == "patch_embedding" ? 2 : 1));
  }
}

TEST_CASE("A layer that takes tokens or images refuses other rows") {
  for (const LayerKind& kind : layer_kinds()) {
    if (kind.takes == RowForm::kAny || kind.takes == RowForm::kIds) continue;
    CAPTURE(kind.name);
    const DataShape data{.row = {6}, .dtype = DType::kFloat32};
    CHECK_THROWS_WITH(build_layers({.layers = {entry_of(std::string(kind.name))}}, data),
                      ContainsSubstring(std::string("takes rows of ") + text_of(kind.takes)));
  }
}

TEST_CASE("The layers of a residual stream are those that a scheme of starting values counts") {
  for (const LayerKind& kind : layer_kinds()) {
    CAPTURE(kind.name);
    int attending = 0;
    for (const auto& layer : built(kind)) attending += layer->attends() ? 1 : 0;
    CHECK((attending == 1) == (kind.name == "attention" || kind.name == "transformer_block"));
    CHECK((kind.residual > 0) == (attending == 1 || kind.name == "mlp"));
  }
}

}  // namespace layer_kinds_test
