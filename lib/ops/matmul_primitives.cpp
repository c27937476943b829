#include "ops/matmul_primitives.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "ops/bfloat16.h"
#include "ops/dnnl_compat.h"
#include "ops/operand_copies.h"
#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

using ProductMemory = dnnl::memory;

ProductMemory::data_type type_of(DType dtype) {
  return dtype == DType::kBFloat16 ? ProductMemory::data_type::bf16 : ProductMemory::data_type::f32;
}

// What `describe` makes, or why there is no such product.
template <class Describe>
dnnl::matmul::primitive_desc describe_matmul(const MatmulShape& shape, const Describe& describe) {
  try {
    return describe();
  } catch (const dnnl::error& error) {
    throw Error(ExitCode::kConfiguration,
                std::string("oneDNN has no product of ") + name_of(shape.dtype) + " matrices " +
                    Shape{shape.m, shape.k}.text() + " and " + Shape{shape.k, shape.n}.text() +
                    " here (" + error.what() + ")" +
                    (shape.dtype == DType::kBFloat16 ? "; set train.precision to float32" : ""));
  }
}

Tensor tensor_of(MemoryPool& pool, std::size_t bytes) {
  return {pool, {static_cast<std::int64_t>((bytes + 3) / 4)}};
}

}  // namespace

std::size_t MatmulPrimitives::ShapeHash::operator()(const MatmulShape& s) const {
  std::size_t hash = 0;
  for (const std::int64_t part :
       {s.m, s.n, s.k, std::int64_t{s.transpose_a}, std::int64_t{s.transpose_b},
        std::int64_t{s.bias}, std::int64_t{s.accumulate}, std::int64_t{s.weights},
        static_cast<std::int64_t>(s.dtype), static_cast<std::int64_t>(s.result)}) {
    hash = hash * 0x9E3779B97F4A7C15ULL + static_cast<std::size_t>(part);
  }
  return hash ^ (hash >> 29);
}

MatmulPrimitives::Operand MatmulPrimitives::operand(std::int64_t rows, std::int64_t columns,
                                                    bool transposed, bool walked_down) {
  if (transposed) std::swap(rows, columns);
  return {rows, columns, walked_down ? padded_pitch(rows, columns) : columns};
}

ProductMemory::desc MatmulPrimitives::describe(const Operand& x, bool transposed,
                                               ProductMemory::data_type type) {
  if (transposed) return {{x.columns, x.rows}, type, ProductMemory::dims{1, x.pitch}};
  return {{x.rows, x.columns}, type, ProductMemory::dims{x.pitch, 1}};
}

// Copies with the rows further apart, of operands of as many rows: in one walk of the threads, as
// they wait for each other at its end.
void MatmulPrimitives::copy_padded(MemoryPool& pool, std::initializer_list<PaddedCopy> copies) {
  for (const PaddedCopy& copy : copies) copy.to = Tensor(pool, {copy.x.rows, copy.x.pitch});
  parallel_ranges(copies.begin()->x.rows, 64, [&](std::int64_t begin, std::int64_t end, int) {
    for (const auto& [x, from, to] : copies) {
      const auto bytes = static_cast<std::size_t>(x.columns) * sizeof(float);
      const auto* const rows = static_cast<const float*>(from);
      for (std::int64_t row = begin; row < end; ++row) {
        std::memcpy(to.f32() + row * x.pitch, rows + row * x.columns, bytes);
      }
    }
  });
}

MatmulPrimitives::Prepared& MatmulPrimitives::prepare(const MatmulShape& shape) {
  const auto found = prepared_.find(shape);
  if (found != prepared_.end()) return found->second;

  using Tag = ProductMemory::format_tag;
  const ProductMemory::data_type type = type_of(shape.dtype);
  const bool in_place = for_avx2() && multiplied_in_place(shape);
  Prepared made;
  made.a = operand(shape.m, shape.k, shape.transpose_a, in_place && shape.transpose_a);
  made.b = operand(shape.k, shape.n, shape.transpose_b, in_place && !shape.transpose_b);
  const ProductMemory::desc a = describe(made.a, shape.transpose_a, type);
  const ProductMemory::desc b = describe(made.b, shape.transpose_b, type);
  const ProductMemory::desc any({shape.k, shape.n}, type, Tag::any);
  const ProductMemory::desc c({shape.m, shape.n}, type_of(shape.result), Tag::ab);
  const ProductMemory::desc bias({1, shape.n}, ProductMemory::data_type::f32, Tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (shape.accumulate) {
    dnnl::post_ops post_ops;
    post_ops.append_sum(1.0f);
    attributes.set_post_ops(post_ops);
  }
  const auto desc = describe_matmul(shape, [&] {
    const ProductMemory::desc& given = !for_avx2() && reads_packed(shape) ? any : b;
    return shape.bias ? make_primitive_desc<dnnl::matmul>(engine_, attributes, a, given, bias, c)
                      : make_primitive_desc<dnnl::matmul>(engine_, attributes, a, given, c);
  });
  made.primitive = dnnl::matmul(desc);
  made.scratch_bytes = desc.scratchpad_desc().get_size();
  const ProductMemory::desc read = desc.weights_desc();
  if (read != b) {
    made.packed_b = read;
    made.packed_from =
        shape.weights ? describe(made.b, shape.transpose_b, ProductMemory::data_type::f32) : b;
    made.pack =
        dnnl::reorder(dnnl::reorder::primitive_desc(engine_, made.packed_from, engine_, read));
  }
  auto bind = [&](int name, const ProductMemory::desc& d) {
    made.arguments.emplace(name, ProductMemory(d, engine_, DNNL_MEMORY_NONE));
  };
  bind(DNNL_ARG_SRC, a);
  bind(DNNL_ARG_WEIGHTS, read);
  bind(DNNL_ARG_DST, c);
  if (shape.bias) bind(DNNL_ARG_BIAS, bias);
  if (made.scratch_bytes > 0) bind(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return prepared_.emplace(shape, std::move(made)).first->second;
}

void MatmulPrimitives::pack(const Ops& ops, const Prepared& prepared, const void* from, void* to) {
  const WorkScope scope(ops, [&] {
    const std::size_t bytes = prepared.packed_from.get_size() + prepared.packed_b->get_size();
    return Work{.operation = "pack", .bytes = static_cast<double>(bytes)};
  });
  ProductMemory source(prepared.packed_from, engine_, const_cast<void*>(from));
  ProductMemory target(*prepared.packed_b, engine_, to);
  prepared.pack->execute(stream_, source, target);
  stream_.wait();
}

MatmulPrimitives::Copy& MatmulPrimitives::copy_of(Ops& ops, const float* weights,
                                                  const ProductMemory::desc& layout) {
  std::vector<Copy>& copies = copies_[weights];
  const auto found = std::ranges::find(copies, layout, &Copy::layout);
  if (found != copies.end()) return *found;
  copies.push_back({layout, tensor_of(ops.pool(), layout.get_size()), false});
  return copies.back();
}

const void* MatmulPrimitives::rounded(Ops& ops, const float* weights, std::int64_t rows,
                                      std::int64_t columns) {
  Copy& copy =
      copy_of(ops, weights,
              {{rows, columns}, ProductMemory::data_type::bf16, ProductMemory::format_tag::ab});
  if (!copy.current) {
    round(ops, rows * columns, weights, static_cast<BFloat16*>(copy.tensor.data()));
    copy.current = true;
    ++copies_made_;
  }
  return copy.tensor.data();
}

// B as the primitive reads it; `copy` keeps what is not kept elsewhere, or is it already.
const void* MatmulPrimitives::operand_b(Ops& ops, const MatmulShape& shape,
                                        const Prepared& prepared, const void* b, Tensor& copy) {
  const bool rounds = shape.weights && shape.dtype == DType::kBFloat16;
  if (!prepared.packed_b) {
    if (rounds) {
      return rounded(ops, static_cast<const float*>(b), prepared.b.rows, prepared.b.columns);
    }
    if (!prepared.b.padded()) return b;
    if (copy.data() == nullptr) copy_padded(ops.pool(), {{prepared.b, b, copy}});
    return copy.data();
  }
  if (!rounds) {
    copy = tensor_of(ops.pool(), prepared.packed_b->get_size());
    pack(ops, prepared, b, copy.data());
    return copy.data();
  }
  Copy& kept = copy_of(ops, static_cast<const float*>(b), *prepared.packed_b);
  if (!kept.current) {
    pack(ops, prepared, b, kept.tensor.data());
    kept.current = true;
    ++copies_made_;
  }
  return kept.tensor.data();
}

void MatmulPrimitives::multiply_pieces(Ops& ops, const MatmulShape& shape, const float* a,
                                       const float* b, const float* bias, float* c) {
  MatmulShape piece = shape;
  for (std::int64_t row = 0; row < shape.k; row += piece.k) {
    piece.k = std::min(kMostPaddedRows, shape.k - row);
    piece.accumulate = shape.accumulate || row > 0;
    piece.bias = shape.bias && row == 0;
    multiply(ops, piece, a + row * shape.m, b + row * shape.n, bias, c);
  }
}

void MatmulPrimitives::multiply(Ops& ops, const MatmulShape& shape, const void* a, const void* b,
                                const float* bias, void* c) {
  if (for_avx2() && padded_in_pieces(shape)) {  // before a primitive of the whole is built
    return multiply_pieces(ops, shape, static_cast<const float*>(a), static_cast<const float*>(b),
                           bias, static_cast<float*>(c));
  }
  Prepared& prepared = prepare(shape);
  auto set = [&](int name, const void* data) {
    prepared.arguments.at(name).set_data_handle(const_cast<void*>(data));
  };
  Tensor a_copy, b_copy, scratch;
  if (prepared.a.padded() && prepared.b.padded()) {  // A^T B
    copy_padded(ops.pool(), {{prepared.a, a, a_copy}, {prepared.b, b, b_copy}});
  } else if (prepared.a.padded()) {
    copy_padded(ops.pool(), {{prepared.a, a, a_copy}});
  }
  set(DNNL_ARG_SRC, prepared.a.padded() ? a_copy.data() : a);
  set(DNNL_ARG_WEIGHTS, operand_b(ops, shape, prepared, b, b_copy));
  set(DNNL_ARG_DST, c);
  if (shape.bias) set(DNNL_ARG_BIAS, bias);
  if (prepared.scratch_bytes > 0) {
    scratch = tensor_of(ops.pool(), prepared.scratch_bytes);
    set(DNNL_ARG_SCRATCHPAD, scratch.data());
  }
  prepared.primitive.execute(stream_, prepared.arguments);
  stream_.wait();
}

void MatmulPrimitives::weights_changed() {
  for (auto& [weights, copies] : copies_) {
    for (Copy& copy : copies) copy.current = false;
  }
}

}  // namespace pipetrain
