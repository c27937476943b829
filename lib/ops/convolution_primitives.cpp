#include "ops/convolution_primitives.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "ops/bfloat16.h"
#include "ops/convolution_columns.h"
#include "ops/weight_blocks.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;

constexpr auto kFloat = Memory::data_type::f32, kHalf = Memory::data_type::bf16;
constexpr std::int64_t kNarrow = 8;  // pixels of a row of the output

Memory::dims weight_dims(const ConvolutionShape& s) {
  return {s.out, s.in, s.window.kernel.height, s.window.kernel.width};
}

Memory::desc plain_weights(const ConvolutionShape& s) {
  return {weight_dims(s), kFloat, Tag::oihw};
}

Tensor floats_for(MemoryPool& pool, std::size_t bytes) {
  return {pool, {static_cast<std::int64_t>((bytes + 3) / 4)}};
}

// Of moving weights, or their gradient, from one layout to the other.
Work packing_work(const Memory::desc& from, const Memory::desc& to) {
  Work work{.operation = "weight layout"};
  work.bytes = static_cast<double>(from.get_size() + to.get_size());
  return work;
}

// oneDNN's first way to do a forward, "brgconv", multiplies the pixels of one row of the output at
// a time. Rows of fewer than 8 are too few for it: of 4 (512 to 512 channels, 3x3) it makes 150
// GFLOP/s on one core in float32 and 380 in bfloat16, and its "jit" 270 and 690. On wider ones
// brgconv is up to 10% the faster one.
bool suits_narrow(const std::string& way) {
  return way.starts_with("jit") || way.find("amx") != std::string::npos;
}

// For a 1x1 convolution with a stride, oneDNN 2.6 on AVX2 moves the pixels that count eight
// channels at a time, whatever their number: with 4 channels it writes beyond the gradient of the
// last pixel.
bool stays_within(const std::string& way, const ConvolutionShape& s) {
  constexpr std::int64_t kLanes = 8;
  const bool strided = s.window.stride.height > 1 || s.window.stride.width > 1;
  return !strided || s.in % kLanes == 0 || !way.starts_with("jit_1x1:avx2");
}

// What a primitive would do with these arguments.
void execute_columns(Ops& ops, const ConvolutionShape& shape,
                     const ConvolutionPrimitives::Addresses& addresses) {
  const auto given = [&](int name) -> const float* {
    const auto found = std::ranges::find(addresses, name, [](const auto& a) { return a.first; });
    return found == addresses.end() ? nullptr : static_cast<const float*>(found->second);
  };
  const auto result = [&](int name) { return const_cast<float*>(given(name)); };
  if (given(DNNL_ARG_DST) != nullptr) {
    columns_forward(ops, shape, given(DNNL_ARG_SRC), given(DNNL_ARG_WEIGHTS), given(DNNL_ARG_BIAS),
                    result(DNNL_ARG_DST));
  } else if (given(DNNL_ARG_DIFF_SRC) != nullptr) {
    columns_backward_input(ops, shape, given(DNNL_ARG_DIFF_DST), given(DNNL_ARG_WEIGHTS),
                           result(DNNL_ARG_DIFF_SRC));
  } else {
    columns_backward_weight(ops, shape, given(DNNL_ARG_DIFF_DST), given(DNNL_ARG_SRC),
                            result(DNNL_ARG_DIFF_WEIGHTS));
  }
}

}  // namespace

// On AVX-512, oneDNN's convolutions of nhwc activations are as fast as those of its own blocked
// layout, and no layer needs a reorder. Weights must be packed: plain ones make it loop.
ConvolutionPrimitives::Prepared ConvolutionPrimitives::build(const ConvolutionShape& s, Pass pass,
                                                             Tag activations) const {
  const Memory::data_type type = multiplied(s.dtype) == DType::kBFloat16 ? kHalf : kFloat;
  const Memory::desc x({s.batch, s.in, s.image.height, s.image.width}, type, activations);
  const Plane out = s.window.over(s.image);
  const Memory::desc y({s.batch, s.out, out.height, out.width}, type, activations);
  const Memory::desc w(weight_dims(s), type, Tag::any), dw(weight_dims(s), kFloat, Tag::any);
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
  const bool narrow = pass == Pass::kForward && activations == Tag::nhwc && out.width < kNarrow;
  const auto takes = [&](const auto& desc) {
    const std::string way = desc.impl_info_str();
    return stays_within(way, s) && (!narrow || suits_narrow(way));
  };
  const auto forward =
      s.bias && pass == Pass::kForward
          ? make_chosen_desc<dnnl::convolution_forward>(engine_, attributes, takes, kTraining,
                                                        kDirect, x, w, b, y, stride, padding,
                                                        padding)
          : make_chosen_desc<dnnl::convolution_forward>(engine_, attributes, takes, kTraining,
                                                        kDirect, x, w, y, stride, padding, padding);
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
        engine_, attributes, forward, takes, kDirect, x, w, y, stride, padding, padding);
    made.primitive = dnnl::convolution_backward_data(desc);
    made.weights = desc.weights_desc();
    bind(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
    bind(DNNL_ARG_WEIGHTS, made.weights);
    bind(DNNL_ARG_DIFF_SRC, desc.diff_src_desc());
    take_scratch(desc.scratchpad_desc());
  } else {
    const auto desc = make_backward_desc<dnnl::convolution_backward_weights>(
        engine_, attributes, forward, takes, kDirect, x, dw, y, stride, padding, padding);
    made.primitive = dnnl::convolution_backward_weights(desc);
    made.weights = desc.diff_weights_desc();
    set_unpacking(s, made);
    bind(DNNL_ARG_SRC, desc.src_desc());
    bind(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
    bind(DNNL_ARG_DIFF_WEIGHTS, made.weights);
    take_scratch(desc.scratchpad_desc());
  }
  return made;
}

void ConvolutionPrimitives::set_unpacking(const ConvolutionShape& s, Prepared& made) const {
  for (const auto& [block, tag] : {std::pair(16, Tag::OIhw16i16o), std::pair(8, Tag::OIhw8i8o)}) {
    const bool whole = s.in % block == 0 && s.out % block == 0;
    if (!whole || made.weights != Memory::desc(weight_dims(s), kFloat, tag)) continue;
    made.block = block;
    return;
  }
  const auto unpack = [&](const dnnl::primitive_attr& how) {
    return dnnl::reorder(
        dnnl::reorder::primitive_desc(engine_, made.weights, engine_, plain_weights(s), how));
  };
  dnnl::post_ops add;
  add.append_sum(1.0f);
  dnnl::primitive_attr adding;
  adding.set_post_ops(add);
  made.unpack = unpack({});
  made.unpack_add = unpack(adding);
}

ConvolutionPrimitives::Prepared ConvolutionPrimitives::choose(const ConvolutionShape& s,
                                                              Pass pass) const {
  const bool faster =
      pass == Pass::kBackwardInput ? input_faster_by_columns(s) : faster_by_columns(s);
  if (!faster || multiplied(s.dtype) != DType::kFloat32) return build(s, pass, Tag::nhwc);
  Prepared made;
  if (pass == Pass::kForward) {
    const std::int64_t input = columns_weight_pitch(s), tap = s.in * input;
    made.weights = Memory::desc(weight_dims(s), kFloat,
                                Memory::dims{1, input, s.window.kernel.width * tap, tap});
  } else {
    made.weights = Memory::desc(weight_dims(s), kFloat, Tag::ohwi);
    if (pass == Pass::kBackwardWeight) set_unpacking(s, made);
  }
  return made;
}

ConvolutionPrimitives::Prepared& ConvolutionPrimitives::prepare(const ConvolutionShape& shape,
                                                                Pass pass) {
  const auto key = std::make_pair(shape, pass);
  auto found = prepared_.find(key);
  if (found == prepared_.end()) found = prepared_.emplace(key, choose(shape, pass)).first;
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
  if (prepared.weights == plain && shape.dtype == DType::kFloat32) return weight;
  std::vector<Packed>& copies = packed_[weight];
  auto copy = std::find_if(copies.begin(), copies.end(), [&](const Packed& p) {
    return p.layout == prepared.weights && p.rounded_to == shape.dtype;
  });
  if (copy == copies.end()) {
    const dnnl::reorder::primitive_desc desc(engine_, plain, engine_, prepared.weights);
    copies.push_back({prepared.weights, shape.dtype, dnnl::reorder(desc),
                      floats_for(ops.pool(), prepared.weights.get_size())});
    copy = copies.end() - 1;
  }
  if (!copy->current) pack(ops, shape, weight, *copy);
  return copy->copy.data();
}

void ConvolutionPrimitives::pack(Ops& ops, const ConvolutionShape& shape, const float* weight,
                                 Packed& copy) {
  const Memory::desc plain = plain_weights(shape);
  const WorkScope scope(ops, [&] { return packing_work(plain, copy.layout); });
  Tensor wide;  // rounded weights as float32, if they are to be multiplied so
  if (copy.rounded_to != multiplied(copy.rounded_to)) {
    const std::int64_t entries = shape.weights();
    Tensor half(ops.pool(), {entries}, copy.rounded_to);
    wide = Tensor(ops.pool(), {entries});
    round(ops, entries, weight, half.bf16());
    widen(ops, entries, half.bf16(), wide.f32());
    weight = wide.f32();
  }
  reorder(copy.pack, plain, weight, copy.layout, copy.copy.data());
  copy.current = true;
  ++packings_;
}

void ConvolutionPrimitives::execute(Ops& ops, const ConvolutionShape& shape, Prepared& prepared,
                                    const Addresses& addresses) {
  if (!prepared.primitive) return execute_columns(ops, shape, addresses);
  for (const auto& [name, address] : addresses) {
    prepared.arguments.at(name).set_data_handle(const_cast<void*>(address));
  }
  Tensor scratch;
  if (prepared.scratch_bytes > 0) {
    scratch = floats_for(ops.pool(), prepared.scratch_bytes);
    prepared.arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(scratch.data());
  }
  prepared.primitive.execute(stream_, prepared.arguments);
  stream_.wait();
}

void ConvolutionPrimitives::forward(Ops& ops, const ConvolutionShape& shape, const float* weight,
                                    Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kForward);
  addresses.emplace_back(DNNL_ARG_WEIGHTS, packed(ops, prepared, shape, weight));
  execute(ops, shape, prepared, addresses);
}

void ConvolutionPrimitives::backward_input(Ops& ops, const ConvolutionShape& shape,
                                           const float* weight, Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kBackwardInput);
  addresses.emplace_back(DNNL_ARG_WEIGHTS, packed(ops, prepared, shape, weight));
  execute(ops, shape, prepared, addresses);
}

void ConvolutionPrimitives::backward_weight(Ops& ops, const ConvolutionShape& shape, float* dweight,
                                            bool accumulate, Addresses addresses) {
  Prepared& prepared = prepare(shape, Pass::kBackwardWeight);
  const Tensor blocked = floats_for(ops.pool(), prepared.weights.get_size());
  addresses.emplace_back(DNNL_ARG_DIFF_WEIGHTS, blocked.data());
  execute(ops, shape, prepared, addresses);
  const Memory::desc plain = plain_weights(shape);
  const WorkScope scope(ops, [&] { return packing_work(prepared.weights, plain); });
  if (prepared.block > 0) {
    unblock({shape.out, shape.in, shape.window.kernel.pixels(), prepared.block}, blocked.f32(),
            dweight, accumulate);
    return;
  }
  reorder(accumulate ? prepared.unpack_add : prepared.unpack, prepared.weights, blocked.data(),
          plain, dweight);
}

void ConvolutionPrimitives::weights_changed() {
  for (auto& [weight, copies] : packed_) {
    for (Packed& copy : copies) copy.current = false;
  }
}

}  // namespace pipetrain
