#include "ops/convolution_primitives.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "ops/work_log.h"

namespace pipetrain {
namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;

constexpr auto kFloat = Memory::data_type::f32;

Memory::dims weight_dims(const ConvolutionShape& s) {
  return {s.out, s.in, s.window.kernel.height, s.window.kernel.width};
}

Memory::desc plain_weights(const ConvolutionShape& s) {
  return {weight_dims(s), kFloat, Tag::oihw};
}

Tensor floats_for(MemoryPool& pool, std::size_t bytes) {
  return {pool, {static_cast<std::int64_t>((bytes + 3) / 4)}};
}

// Of packing weights, or unpacking their gradient.
Work packing_work(const ConvolutionShape& s) {
  Work work{.operation = "weight layout"};
  work.bytes = 2.0 * sizeof(float) * static_cast<double>(s.weights());
  return work;
}

}  // namespace

// On AVX2 and newer, oneDNN's convolutions of nhwc activations are as fast as those of its own
// blocked layout, and no layer needs a reorder. Weights must be packed: plain ones make it loop.
ConvolutionPrimitives::Prepared ConvolutionPrimitives::build(const ConvolutionShape& s, Pass pass,
                                                             Tag activations) const {
  const Memory::desc x({s.batch, s.in, s.image.height, s.image.width}, kFloat, activations);
  const Plane out = s.window.over(s.image);
  const Memory::desc y({s.batch, s.out, out.height, out.width}, kFloat, activations);
  const Memory::desc w(weight_dims(s), kFloat, Tag::any);
  const Memory::desc b({s.out}, kFloat, Tag::x);
  const Memory::dims stride{s.window.stride.height, s.window.stride.width},
      padding{s.window.padding.height, s.window.padding.width};
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  constexpr auto kTraining = dnnl::prop_kind::forward_training;

  Prepared made;
  auto bind = [&](int name, const Memory::desc& d) {
    made.arguments.emplace(name, Memory(d, engine_, DNNL_MEMORY_NONE));
  };
  auto take_scratch = [&](const Memory::desc& d) {
    made.scratch_bytes = d.get_size();
    if (made.scratch_bytes > 0) bind(DNNL_ARG_SCRATCHPAD, d);
  };
  const auto forward =
      s.bias && pass == Pass::kForward
          ? make_primitive_desc<dnnl::convolution_forward>(engine_, attributes, kTraining, kDirect,
                                                           x, w, b, y, stride, padding, padding)
          : make_primitive_desc<dnnl::convolution_forward>(engine_, attributes, kTraining, kDirect,
                                                           x, w, y, stride, padding, padding);
  if (pass == Pass::kForward) {
    made.primitive = dnnl::convolution_forward(forward);
    made.weights = forward.weights_desc();
    bind(DNNL_ARG_SRC, forward.src_desc());
    bind(DNNL_ARG_WEIGHTS, made.weights);
    if (s.bias) bind(DNNL_ARG_BIAS, b);
    bind(DNNL_ARG_DST, forward.dst_desc());
    take_scratch(forward.scratchpad_desc());
  } else if (pass == Pass::kBackwardInput) {
    const auto desc = make_backward_desc<dnnl::convolution_backward_data>(
        engine_, attributes, forward, kDirect, x, w, y, stride, padding, padding);
    made.primitive = dnnl::convolution_backward_data(desc);
    made.weights = desc.weights_desc();
    bind(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
    bind(DNNL_ARG_WEIGHTS, made.weights);
    bind(DNNL_ARG_DIFF_SRC, desc.diff_src_desc());
    take_scratch(desc.scratchpad_desc());
  } else {
    const auto desc = make_backward_desc<dnnl::convolution_backward_weights>(
        engine_, attributes, forward, kDirect, x, w, y, stride, padding, padding);
    made.primitive = dnnl::convolution_backward_weights(desc);
    made.weights = desc.diff_weights_desc();
    made.unpack = dnnl::reorder(
        dnnl::reorder::primitive_desc(engine_, made.weights, engine_, plain_weights(s)));
    bind(DNNL_ARG_SRC, desc.src_desc());
    bind(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
    bind(DNNL_ARG_DIFF_WEIGHTS, made.weights);
    take_scratch(desc.scratchpad_desc());
  }
  return made;
}

ConvolutionPrimitives::Prepared& ConvolutionPrimitives::prepare(const ConvolutionShape& shape,
                                                                Pass pass) {
  const auto key = std::make_pair(shape, pass);
  auto found = prepared_.find(key);
  if (found == prepared_.end()) found = prepared_.emplace(key, build(shape, pass, Tag::nhwc)).first;
  ++found->second.runs;
  return found->second;
}

void ConvolutionPrimitives::reorder(const dnnl::reorder& primitive, const Memory::desc& from_layout,
                                    const void* from, const Memory::desc& to_layout, void* to) {
  Memory source(from_layout, engine_, const_cast<void*>(from)), target(to_layout, engine_, to);
  primitive.execute(stream_, source, target);
  stream_.wait();
}

const void* ConvolutionPrimitives::packed(Ops& ops, const Prepared& prepared,
                                          const ConvolutionShape& shape, const float* weight) {
  const Memory::desc plain = plain_weights(shape);
  if (prepared.weights == plain) return weight;
  std::vector<Packed>& copies = packed_[weight];
  auto copy = std::find_if(copies.begin(), copies.end(),
                           [&](const Packed& p) { return p.layout == prepared.weights; });
  if (copy == copies.end()) {
    const dnnl::reorder::primitive_desc desc(engine_, plain, engine_, prepared.weights);
    copies.push_back({prepared.weights, dnnl::reorder(desc),
                      floats_for(ops.pool(), prepared.weights.get_size())});
    copy = copies.end() - 1;
  }
  if (!copy->current) {
    const WorkScope scope(ops, [&] { return packing_work(shape); });
    reorder(copy->pack, plain, weight, copy->layout, copy->copy.data());
    copy->current = true;
    ++packings_;
  }
  return copy->copy.data();
}

void ConvolutionPrimitives::execute(MemoryPool& pool, Prepared& prepared,
                                    const Addresses& addresses) {
  for (const auto& [name, address] : addresses) {
    prepared.arguments.at(name).set_data_handle(const_cast<void*>(address));
  }
  Tensor scratch;
  if (prepared.scratch_bytes > 0) {
    scratch = floats_for(pool, prepared.scratch_bytes);
    prepared.arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(scratch.data());
  }
  prepared.primitive.execute(stream_, prepared.arguments);
  stream_.wait();
}

void ConvolutionPrimitives::forward(Ops& ops, const ConvolutionShape& shape, const float* weight,
                                    Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kForward);
  addresses.emplace_back(DNNL_ARG_WEIGHTS, packed(ops, prepared, shape, weight));
  execute(ops.pool(), prepared, addresses);
}

void ConvolutionPrimitives::backward_input(Ops& ops, const ConvolutionShape& shape,
                                           const float* weight, Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kBackwardInput);
  addresses.emplace_back(DNNL_ARG_WEIGHTS, packed(ops, prepared, shape, weight));
  execute(ops.pool(), prepared, addresses);
}

void ConvolutionPrimitives::backward_weight(Ops& ops, const ConvolutionShape& shape, float* dweight,
                                            Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kBackwardWeight);
  const Tensor blocked = floats_for(ops.pool(), prepared.weights.get_size());
  addresses.emplace_back(DNNL_ARG_DIFF_WEIGHTS, blocked.data());
  execute(ops.pool(), prepared, addresses);
  const WorkScope scope(ops, [&] { return packing_work(shape); });
  reorder(prepared.unpack, prepared.weights, blocked.data(), plain_weights(shape), dweight);
}

double ConvolutionPrimitives::measure(MemoryPool& pool, const ConvolutionShape& shape, Pass pass,
                                      double seconds) const {
  using Clock = std::chrono::steady_clock;
  Prepared made = build(shape, pass, Tag::any);
  std::vector<Tensor> tensors;
  for (auto& [name, memory] : made.arguments) {
    Tensor& tensor = tensors.emplace_back(floats_for(pool, memory.get_desc().get_size()));
    std::memset(tensor.data(), 0, tensor.bytes());
    memory.set_data_handle(tensor.data());
  }
  dnnl::stream stream(engine_);
  double best = std::numeric_limits<double>::infinity();
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    made.primitive.execute(stream, made.arguments);
    stream.wait();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return best;
}

ConvolutionRates ConvolutionPrimitives::measure(MemoryPool& pool, double seconds) const {
  ConvolutionRates rates;
  double flop = 0, best_seconds = 0;
  for (const auto& [key, prepared] : prepared_) {
    const auto& [shape, pass] = key;
    const double best = measure(pool, shape, pass, seconds);
    rates.best = std::max(rates.best, shape.flop() / best);
    flop += static_cast<double>(prepared.runs) * shape.flop();
    best_seconds += static_cast<double>(prepared.runs) * best;
  }
  if (best_seconds > 0) rates.all = flop / best_seconds;
  return rates;
}

void ConvolutionPrimitives::weights_changed() {
  for (auto& [weight, copies] : packed_) {
    for (Packed& copy : copies) copy.current = false;
  }
}

}  // namespace pipetrain
