#include "nn/unroll.h"

#include <cstdint>
#include <set>
#include <string>

#include "nn/layer_options.h"

namespace pipetrain {
namespace {

// Words with which other libraries join branches.
void refuse_far_skip(const LayerOptions& options, const std::string& kind) {
  static const std::set<std::string> joins = {"add", "concat", "concatenate", "shortcut", "skip"};
  const bool names_input = options.has("from") || options.has("input") || options.has("inputs");
  if (!joins.contains(kind) && !names_input) return;
  options.fail(
      "a model is sequential from block to block, since a stage sends one activation to the next: "
      "a skip begins and ends in one block; expected {residual: {layers: [...]}}");
}

void append(const std::vector<LayerEntry>& entries, std::vector<const LayerEntry*>& flat) {
  for (const LayerEntry& entry : entries) {
    LayerOptions options(entry);
    refuse_far_skip(options, entry.kind);
    if (entry.kind != "repeat") {
      flat.push_back(&entry);
      continue;
    }
    const std::int64_t count = options.size("count", 0);
    options.finish();
    if (entry.layers.empty()) options.fail("needs a list of layers");
    for (std::int64_t i = 0; i < count; ++i) {
      append(entry.layers, flat);
      if (flat.size() > kMaxLayers) {
        options.fail("unrolls to more than " + std::to_string(kMaxLayers) + " layers");
      }
    }
  }
}

}  // namespace

std::vector<const LayerEntry*> unrolled(const std::vector<LayerEntry>& entries) {
  std::vector<const LayerEntry*> flat;
  append(entries, flat);
  return flat;
}

}  // namespace pipetrain
