#include "exchange/hf_tensors.h"

#include <cassert>
#include <cstddef>
#include <utility>

#include "exchange/hf_files.h"

namespace pipetrain {
namespace {

class List {
 public:
  // The whole of one of ours.
  void add(const std::string& name, const std::string& own, std::int64_t rows,
           std::int64_t columns = 0, bool transposed = false) {
    made_.push_back({name, own, rows, columns, 0, rows, transposed});
  }
  // Several that lie one below the other in ours: {name, rows}.
  void add_stacked(const std::vector<std::pair<std::string, std::int64_t>>& parts,
                   const std::string& own, std::int64_t columns) {
    std::int64_t rows = 0, first = 0;
    for (const auto& part : parts) rows += part.second;
    for (const auto& [name, own_part] : parts) {
      made_.push_back({name, own, own_part, columns, first, rows, false});
      first += own_part;
    }
  }
  std::vector<HfTensor> take() { return std::move(made_); }

 private:
  std::vector<HfTensor> made_;
};

// Block i is two of our layers, behind the embedding.
std::string half(int block, const char* kind) {
  const bool mlp = kind[0] == 'm';
  return "layers." + std::to_string(1 + 2 * block + (mlp ? 1 : 0)) + "." + kind + ".";
}

std::vector<HfTensor> gpt2_tensors(const HfModel& model) {
  List list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::string root = "transformer.", embedding = "layers.0.embedding.";
  list.add(root + "wte.weight", embedding + "token.weight", model.vocabulary, C);
  list.add(root + "wpe.weight", embedding + "position.weight", model.context, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = root + "h." + std::to_string(i) + ".";
    const auto norm = [&](const std::string& name, const std::string& own) {
      list.add(block + name + ".weight", own + ".weight", C);
      list.add(block + name + ".bias", own + ".bias", C);
    };
    // Their Conv1D has its weight as (in, out).
    const auto product = [&](const std::string& name, const std::string& own, std::int64_t out,
                             std::int64_t in) {
      list.add(block + name + ".weight", own + ".weight", out, in, /*transposed=*/true);
      list.add(block + name + ".bias", own + ".bias", out);
    };
    const std::string attention = half(i, "attention"), mlp = half(i, "mlp");
    norm("ln_1", attention + "norm");
    product("attn.c_attn", attention + "qkv", 3 * C, C);
    product("attn.c_proj", attention + "projection", C, C);
    norm("ln_2", mlp + "norm");
    product("mlp.c_fc", mlp + "up", hidden, C);
    product("mlp.c_proj", mlp + "down", C, hidden);
  }
  const std::string last = "layers." + std::to_string(1 + 2 * model.depth) + ".layer_norm.";
  list.add(root + "ln_f.weight", last + "weight", C);
  list.add(root + "ln_f.bias", last + "bias", C);
  return list.take();
}

// Rotary pairs are the same in both: the halves of a head.
std::vector<HfTensor> llama_tensors(const HfModel& model) {
  List list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::int64_t kv_width = C / model.heads * model.kv_heads;
  list.add("model.embed_tokens.weight", "layers.0.embedding.token.weight", model.vocabulary, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "model.layers." + std::to_string(i) + ".";
    const std::string attention = half(i, "attention"), mlp = half(i, "mlp");
    list.add(block + "input_layernorm.weight", attention + "norm.weight", C);
    list.add_stacked({{block + "self_attn.q_proj.weight", C},
                      {block + "self_attn.k_proj.weight", kv_width},
                      {block + "self_attn.v_proj.weight", kv_width}},
                     attention + "qkv.weight", C);
    list.add(block + "self_attn.o_proj.weight", attention + "projection.weight", C, C);
    list.add(block + "post_attention_layernorm.weight", mlp + "norm.weight", C);
    list.add_stacked(
        {{block + "mlp.gate_proj.weight", hidden}, {block + "mlp.up_proj.weight", hidden}},
        mlp + "gate_up.weight", C);
    list.add(block + "mlp.down_proj.weight", mlp + "down.weight", C, hidden);
  }
  list.add("model.norm.weight",
           "layers." + std::to_string(1 + 2 * model.depth) + ".rms_norm.weight", C);
  return list.take();
}

// body(index in ours, index in theirs)
template <class Body>
void for_each_entry(const HfTensor& tensor, const Body& body) {
  const std::int64_t columns = tensor.columns == 0 ? 1 : tensor.columns;
  for (std::int64_t row = 0; row < tensor.rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t own = (tensor.first_row + row) * columns + column;
      const std::int64_t theirs =
          tensor.transposed ? column * tensor.rows + row : row * columns + column;
      body(static_cast<std::size_t>(own), static_cast<std::size_t>(theirs));
    }
  }
}

}  // namespace

Extents HfTensor::shape() const {
  if (columns == 0) return {rows};
  return transposed ? Extents{columns, rows} : Extents{rows, columns};
}

Extents HfTensor::own_shape() const {
  return columns == 0 ? Extents{own_rows} : Extents{own_rows, columns};
}

std::vector<HfTensor> hf_tensors_of(const HfModel& model) {
  std::vector<HfTensor> made =
      model.family == HfFamily::kLlama ? llama_tensors(model) : gpt2_tensors(model);
  if (!model.tied) {
    const std::string own = "layers." + std::to_string(2 + 2 * model.depth) + ".linear.weight";
    made.push_back({kHfHead, own, model.vocabulary, model.width, 0, model.vocabulary});
  }
  return made;
}

void copy_to_hf(const HfTensor& tensor, std::span<const float> own, std::span<float> theirs) {
  assert(static_cast<std::int64_t>(theirs.size()) == tensor.elements());
  for_each_entry(tensor, [&](std::size_t from, std::size_t to) { theirs[to] = own[from]; });
}

void copy_from_hf(const HfTensor& tensor, const StoredTensor& theirs, std::span<float> own) {
  assert(elements_of(theirs.shape, theirs.name) == tensor.elements());
  const std::size_t width = bytes_of(theirs.type);
  for_each_entry(tensor, [&](std::size_t to, std::size_t from) {
    own[to] = float_at(theirs.bytes.data() + from * width, theirs.type);
  });
}

}  // namespace pipetrain
