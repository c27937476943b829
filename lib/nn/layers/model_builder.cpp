#include "nn/layers/model_builder.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "nn/layers/layer_kinds.h"
#include "nn/presets/presets.h"
#include "nn/presets/start_schemes.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 36;  // of a row or a parameter: 256 GiB

bool fits(const Shape& shape) {
  double numbers = 1;  // the product need not fit an integer
  for (int axis = 0; axis < shape.rank(); ++axis) numbers *= static_cast<double>(shape[axis]);
  return numbers <= static_cast<double>(kMostNumbers);
}

void require_size(const std::string& what, const Shape& shape) {
  if (fits(shape)) return;
  throw Error(ExitCode::kConfiguration, "model: " + what + " would be " + shape.text() +
                                            ", expected at most " + std::to_string(kMostNumbers) +
                                            " numbers; take smaller sizes");
}

bool is_of(RowForm form, const Shape& row) {
  switch (form) {
    case RowForm::kTokens: return row.rank() == 2;
    case RowForm::kImage: return row.rank() == 3;
    case RowForm::kTokensOrImage: return row.rank() == 2 || row.rank() == 3;
    default: return true;
  }
}

int residual_layers(const std::vector<const LayerEntry*>& entries) {
  int count = 0;
  for (const LayerEntry* entry : entries) {
    const LayerKind* kind = find_row(layer_kinds(), entry->kind);
    if (kind != nullptr) count += kind->residual;
  }
  return count;
}

const LayerKind& kind_of(const LayerEntry& entry) {
  const LayerKind* kind = find_row(layer_kinds(), entry.kind);
  if (kind != nullptr) return *kind;
  std::vector<std::string> known = names_of(layer_kinds());
  known.emplace_back("repeat");
  std::sort(known.begin(), known.end());
  LayerOptions(entry).fail("unknown layer; did you mean '" + nearest_word(entry.kind, known) +
                           "'? (known: " + join(known) + ")");
}

}  // namespace

ModelBuilder::ModelBuilder(const ModelConfig& config, const DataShape& data,
                           const TensorPlace& place)
    : config_(config), data_(data), sharing_(place), row_(data.row), vocabulary_(data.vocabulary) {}

LayerList ModelBuilder::build() {
  const std::vector<LayerEntry> entries = expand_preset(config_);
  const std::vector<const LayerEntry*> flat = unrolled(entries);
  starts_ = Starts(start_scheme_of(config_), config_.init_std, residual_layers(flat));
  for (const LayerEntry* entry : flat) {
    at_last_entry_ = entry == flat.back();
    make(*entry);
  }
  check_output(*flat.back());
  return std::move(layers_);
}

void ModelBuilder::make(const LayerEntry& entry) {
  LayerOptions options(entry);
  if (++made_ > kMaxLayers) {  // repeats within residual blocks multiply
    options.fail("the model has more than " + std::to_string(kMaxLayers) + " layers");
  }
  const LayerKind& kind = kind_of(entry);
  check_row(kind, options);
  kind.make(*this, options);
  options.finish();
}

// Token ids can only be looked up.
void ModelBuilder::check_row(const LayerKind& kind, const LayerOptions& options) const {
  const bool takes_ids = kind.takes == RowForm::kIds, ids = data_.dtype == DType::kInt32;
  if (takes_ids && !at_start()) options.fail("must be the first layer: it takes token ids");
  if (takes_ids && !ids) {
    options.fail("takes token ids, but the data's rows are numbers of " + row_.text());
  }
  if (!takes_ids && at_start() && ids) {
    options.fail("must not be the first layer of a model of tokens: they need an embedding");
  }
  if (!is_of(kind.takes, row_)) {
    options.fail(std::string("takes rows of ") + text_of(kind.takes) + ", but gets " + row_.text());
  }
}

std::string ModelBuilder::name(const std::string& kind) const {
  return layer_name(layers_.size(), kind, prefix_);
}

void ModelBuilder::add(std::unique_ptr<Layer> layer) {
  require_size("a row of " + layer->name(), layer->output_row());
  for (const Parameter& parameter : layer->parameters()) {
    require_size(parameter.name, parameter.whole);
  }
  row_ = layer->output_row();
  layers_.push_back(std::move(layer));
}

LayerList ModelBuilder::inner_layers(const std::vector<LayerEntry>& entries,
                                     const std::string& prefix) {
  const Shape row = row_;
  const std::string outer_prefix = std::exchange(prefix_, prefix);
  const bool outer = std::exchange(inside_, true);
  LayerList outer_layers = std::exchange(layers_, {});
  for (const LayerEntry* entry : unrolled(entries)) make(*entry);
  row_ = row;
  prefix_ = outer_prefix;
  inside_ = outer;
  return std::exchange(layers_, std::move(outer_layers));
}

void ModelBuilder::check_output(const LayerEntry& last) const {
  const std::int64_t outputs = layers_.back()->outputs();
  if (outputs >= data_.classes) return;
  LayerOptions(last).fail("the model ends with " + std::to_string(outputs) +
                          " outputs, but the data has " + std::to_string(data_.classes) +
                          " classes; expected at least as many (features, or model.classes)");
}

}  // namespace pipetrain
