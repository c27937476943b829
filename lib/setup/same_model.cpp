#include "setup/same_model.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/number.h"
#include "base/table.h"
#include "checkpoint/file_io.h"
#include "config/config.h"
#include "nn/layers/layer_kinds.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

// As the layer declares the option.
bool is_compared(const std::string& kind, const std::string& option) {
  const LayerKind* const row = find_row(layer_kinds(), kind);
  if (row == nullptr || row->options == nullptr) return true;
  const std::vector<LayerOption> options = row->options();
  const LayerOption* const declared = find_row(options, option);
  return declared == nullptr || declared->compared;
}

// A word such as auto or same may stand for the number.
bool may_be_same(const std::string& a, const std::string& b) {
  const auto x = parse_number<double>(a), y = parse_number<double>(b);
  return x && y ? *x == *y : x || y || a == b;
}

// Where two lists of layers differ, in words; empty if they do not, or are not written alike.
std::string difference(const std::vector<LayerEntry>& trained, const std::vector<LayerEntry>& own) {
  const std::vector<const LayerEntry*> theirs = unrolled(trained), ours = unrolled(own);
  for (std::size_t i = 0; i < std::min(theirs.size(), ours.size()); ++i) {
    const LayerEntry &a = *theirs[i], &b = *ours[i];
    if (a.kind != b.kind) return {};  // the tensors' names tell
    for (const auto& [key, value] : a.options) {
      const auto other = std::find_if(b.options.begin(), b.options.end(),
                                      [&, &name = key](const auto& o) { return o.first == name; });
      if (other == b.options.end() || may_be_same(value, other->second)) continue;
      if (!is_compared(a.kind, key)) continue;
      return "its " + a.kind + " has " + key + " " + value + ", the configuration's " +
             other->second;
    }
    const std::string within = difference(a.layers, b.layers);
    if (!within.empty()) return within;
  }
  return {};
}

}  // namespace

void check_model(const Checkpoint& checkpoint, const ModelConfig& model) {
  if (checkpoint.config_yaml().empty()) return;  // of weights that no run has written
  const ModelConfig trained = load_config(checkpoint.folder() + "/config.yaml").model;
  const std::string found = difference(expand_preset(trained), expand_preset(model));
  if (found.empty()) return;
  fail_checkpoint(checkpoint.folder(), "is of another model: " + found);
}

}  // namespace pipetrain
