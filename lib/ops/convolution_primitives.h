// oneDNN's convolutions, each built once, and the packed copies of their weights. Only ops/
// includes this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ops/convolution.h"
#include "ops/dnnl_compat.h"

namespace pipetrain {

class ConvolutionPrimitives {
 public:
  // Without `multiplies_bfloat16`, activations of bfloat16 are given as float32.
  ConvolutionPrimitives(dnnl::engine engine, bool multiplies_bfloat16)
      : engine_(std::move(engine)), stream_(engine_), multiplies_bfloat16_(multiplies_bfloat16) {}

  // As what activations of this kind are given.
  DType multiplied(DType dtype) const { return multiplies_bfloat16_ ? dtype : DType::kFloat32; }

  using Addresses = std::vector<std::pair<int, const void*>>;  // DNNL_ARG_..., memory
  // The packed weights of this pass come from, or their gradient goes to, the plain `weight`. For
  // bfloat16 they are rounded.
  void forward(Ops& ops, const ConvolutionShape& shape, const float* weight, Addresses addresses);
  void backward_input(Ops& ops, const ConvolutionShape& shape, const float* weight,
                      Addresses addresses);
  void backward_weight(Ops& ops, const ConvolutionShape& shape, float* dweight, bool accumulate,
                       Addresses addresses);

  void weights_changed();
  void forget_weights() { packed_.clear(); }
  // Runs each convolution that has run, alone and on activations in the layout that oneDNN itself
  // chooses, for about `seconds` each.
  ConvolutionRates measure(MemoryPool& pool, double seconds) const;
  std::size_t primitives() const { return prepared_.size(); }
  std::size_t packings() const { return packings_; }

 private:
  enum class Pass : std::uint8_t { kForward, kBackwardInput, kBackwardWeight };
  struct Prepared {
    dnnl::primitive primitive;  // none where ops/convolution_columns.h does it
    std::unordered_map<int, dnnl::memory> arguments;
    dnnl::memory::desc weights;  // as this pass wants them
    // Of kBackwardWeight, to the plain layout: from square blocks of so many channels, if it has
    // those, else by these.
    std::int64_t block = 0;
    dnnl::reorder unpack, unpack_add;
    std::size_t scratch_bytes = 0;
    std::int64_t runs = 0;
  };
  struct Packed {
    dnnl::memory::desc layout;
    DType rounded_to;
    dnnl::reorder pack;
    Tensor copy;
    bool current = false;
  };

  void set_unpacking(const ConvolutionShape& shape, Prepared& made) const;
  Prepared& prepare(const ConvolutionShape& shape, Pass pass);
  Prepared choose(const ConvolutionShape& shape, Pass pass) const;
  Prepared build(const ConvolutionShape& shape, Pass pass,
                 dnnl::memory::format_tag activations) const;
  // The best time of several runs.
  double measure(MemoryPool& pool, const ConvolutionShape& shape, Pass pass, double seconds) const;
  const void* packed(Ops& ops, const Prepared& prepared, const ConvolutionShape& shape,
                     const float* weight);
  void pack(Ops& ops, const ConvolutionShape& shape, const float* weight, Packed& copy);
  void execute(Ops& ops, const ConvolutionShape& shape, Prepared& prepared,
               const Addresses& addresses);
  void reorder(const dnnl::reorder& primitive, const dnnl::memory::desc& from_layout,
               const void* from, const dnnl::memory::desc& to_layout, void* to);

  dnnl::engine engine_;
  dnnl::stream stream_;
  bool multiplies_bfloat16_;
  std::map<std::pair<ConvolutionShape, Pass>, Prepared> prepared_;
  std::unordered_map<const float*, std::vector<Packed>> packed_;  // by where the weights live
  std::size_t packings_ = 0;
};

}  // namespace pipetrain
