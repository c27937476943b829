#include "ops/ops.h"

#include <malloc.h>
#include <omp.h>

#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "ops/bfloat16.h"
#include "ops/bfloat16_products.h"
#include "ops/convolution_primitives.h"
#include "ops/dnnl_compat.h"
#include "ops/padding.h"
#include "ops/parallel.h"

namespace pipetrain {
namespace {

using Memory = dnnl::memory;

struct ShapeHash {
  std::size_t operator()(const MatmulShape& s) const {
    std::size_t hash = 0;
    for (const std::int64_t part :
         {s.m, s.n, s.k, std::int64_t{s.transpose_a}, std::int64_t{s.transpose_b},
          std::int64_t{s.bias}, std::int64_t{s.accumulate}, static_cast<std::int64_t>(s.dtype),
          static_cast<std::int64_t>(s.result)}) {
      hash = hash * 0x9E3779B97F4A7C15ULL + static_cast<std::size_t>(part);
    }
    return hash ^ (hash >> 29);
  }
};

// An operand as it is stored, and the distance between its rows that the primitive expects.
struct Operand {
  std::int64_t rows = 0, columns = 0, pitch = 0;
  bool padded() const { return pitch != columns; }
};

// A primitive with its arguments; executing it sets their addresses.
struct Prepared {
  dnnl::matmul primitive;
  std::unordered_map<int, Memory> arguments;
  Operand a, b;
  std::size_t scratch_bytes = 0;
};

Operand operand(std::int64_t rows, std::int64_t columns, bool transposed, bool walked_down) {
  if (transposed) std::swap(rows, columns);
  return {rows, columns, walked_down ? padded_pitch(rows, columns) : columns};
}

Memory::desc describe(const Operand& x, bool transposed, Memory::data_type type) {
  if (transposed) return {{x.columns, x.rows}, type, Memory::dims{1, x.pitch}};
  return {{x.rows, x.columns}, type, Memory::dims{x.pitch, 1}};
}

// A copy of x with the rows further apart.
Tensor padded_copy(MemoryPool& pool, const Operand& x, const void* from) {
  Tensor copy(pool, {x.rows, x.pitch});
  const auto bytes = static_cast<std::size_t>(x.columns) * sizeof(float);
  parallel_ranges(x.rows, 64, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::memcpy(copy.f32() + row * x.pitch, static_cast<const float*>(from) + row * x.columns,
                  bytes);
    }
  });
  return copy;
}

Memory::data_type type_of(DType dtype) {
  return dtype == DType::kBFloat16 ? Memory::data_type::bf16 : Memory::data_type::f32;
}

bool avx2_only() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx2 || isa == dnnl::cpu_isa::avx2_vnni;
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

}  // namespace

struct Ops::Primitives {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  const bool multiplies_bfloat16 = pipetrain::multiplies_bfloat16();
  std::unordered_map<MatmulShape, Prepared, ShapeHash> matmuls;

  Prepared& prepare(const MatmulShape& shape);
};

Prepared& Ops::Primitives::prepare(const MatmulShape& shape) {
  const auto found = matmuls.find(shape);
  if (found != matmuls.end()) return found->second;

  using Tag = Memory::format_tag;
  const Memory::data_type type = type_of(shape.dtype);
  const bool in_place = avx2_only() && multiplied_in_place(shape);
  const Operand stored_a =
      operand(shape.m, shape.k, shape.transpose_a, in_place && shape.transpose_a);
  const Operand stored_b =
      operand(shape.k, shape.n, shape.transpose_b, in_place && !shape.transpose_b);
  const Memory::desc a = describe(stored_a, shape.transpose_a, type);
  const Memory::desc b = describe(stored_b, shape.transpose_b, type);
  const Memory::desc c({shape.m, shape.n}, type_of(shape.result), Tag::ab);
  const Memory::desc bias({1, shape.n}, Memory::data_type::f32, Tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (shape.accumulate) {
    dnnl::post_ops post_ops;
    post_ops.append_sum(1.0f);
    attributes.set_post_ops(post_ops);
  }
  const auto desc = describe_matmul(shape, [&] {
    return shape.bias ? make_primitive_desc<dnnl::matmul>(engine, attributes, a, b, bias, c)
                      : make_primitive_desc<dnnl::matmul>(engine, attributes, a, b, c);
  });
  Prepared prepared{dnnl::matmul(desc), {}, stored_a, stored_b, desc.scratchpad_desc().get_size()};
  auto bind = [&](int name, const Memory::desc& d) {
    prepared.arguments.emplace(name, Memory(d, engine, DNNL_MEMORY_NONE));
  };
  bind(DNNL_ARG_SRC, a);
  bind(DNNL_ARG_WEIGHTS, b);
  bind(DNNL_ARG_DST, c);
  if (shape.bias) bind(DNNL_ARG_BIAS, bias);
  if (prepared.scratch_bytes > 0) bind(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return matmuls.emplace(shape, std::move(prepared)).first->second;
}

Ops::Ops(MemoryPool& pool)
    : pool_(pool),
      simd_(select_simd_kernels()),
      primitives_(std::make_unique<Primitives>()),
      convolutions_(std::make_unique<ConvolutionPrimitives>(primitives_->engine)),
      bfloat16_weights_(std::make_unique<BFloat16Weights>()) {
  // oneDNN's products take and free buffers of up to megabytes at each call. By default the C
  // library gives those back to the system at once, which then clears every page again: 15% of a
  // small model's step.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  // ONEDNN_DEFAULT_FPMATH_MODE would have it round float32's operands without a word.
  dnnl::set_default_fpmath_mode(dnnl::fpmath_mode::strict);
}

Ops::~Ops() = default;

int Ops::threads() const { return omp_get_max_threads(); }

std::size_t Ops::primitives() const {
  return primitives_->matmuls.size() + convolutions_->primitives();
}

std::size_t Ops::packings() const { return convolutions_->packings() + bfloat16_weights_->made(); }

void Ops::weights_changed() {
  convolutions_->weights_changed();
  bfloat16_weights_->changed();
}

void Ops::forget_weights() {
  convolutions_->forget_weights();
  bfloat16_weights_->forget();
}

const void* Ops::weights_as(const float* weights, std::int64_t elements, DType dtype) {
  if (dtype == DType::kFloat32) return weights;
  return bfloat16_weights_->of(*this, weights, elements);
}

void Ops::matmul_of_copies(const MatmulShape& shape, const void* a, const void* b,
                           const float* bias, void* c) {
  const auto copy_of = [&](const void* x, std::int64_t elements) {
    Tensor copy(pool_, {elements});
    widen(*this, elements, static_cast<const BFloat16*>(x), copy.f32());
    return copy;
  };
  const Tensor wide_a = copy_of(a, shape.m * shape.k), wide_b = copy_of(b, shape.k * shape.n);
  MatmulShape wide = shape;
  wide.dtype = wide.result = DType::kFloat32;
  if (shape.result == DType::kFloat32) return matmul(wide, wide_a.data(), wide_b.data(), bias, c);
  const std::int64_t elements = shape.m * shape.n;
  Tensor wide_c = shape.accumulate ? copy_of(c, elements) : Tensor(pool_, {elements});
  matmul(wide, wide_a.data(), wide_b.data(), bias, wide_c.data());
  round(*this, elements, wide_c.f32(), static_cast<BFloat16*>(c));
}

void Ops::matmul(const MatmulShape& shape, const void* a, const void* b, const float* bias,
                 void* c) {
  if (shape.dtype == DType::kBFloat16 && !primitives_->multiplies_bfloat16) {
    return matmul_of_copies(shape, a, b, bias, c);
  }
  Prepared& prepared = primitives_->prepare(shape);
  auto set = [&](int name, const void* data) {
    prepared.arguments.at(name).set_data_handle(const_cast<void*>(data));
  };
  Tensor a_copy, b_copy;
  if (prepared.a.padded()) a_copy = padded_copy(pool_, prepared.a, a);
  if (prepared.b.padded()) b_copy = padded_copy(pool_, prepared.b, b);
  set(DNNL_ARG_SRC, prepared.a.padded() ? a_copy.data() : a);
  set(DNNL_ARG_WEIGHTS, prepared.b.padded() ? b_copy.data() : b);
  set(DNNL_ARG_DST, c);
  if (shape.bias) set(DNNL_ARG_BIAS, bias);
  Tensor scratch;
  if (prepared.scratch_bytes > 0) {
    scratch = Tensor(pool_, {static_cast<std::int64_t>(prepared.scratch_bytes + 3) / 4});
    set(DNNL_ARG_SCRATCHPAD, scratch.data());
  }
  prepared.primitive.execute(primitives_->stream, prepared.arguments);
  primitives_->stream.wait();
}

std::string instruction_set_description() {
  const dnnl_version_t* version = dnnl_version();
  auto name = [](dnnl::cpu_isa isa) -> std::string {
    switch (isa) {
      case dnnl::cpu_isa::sse41: return "SSE4.1";
      case dnnl::cpu_isa::avx: return "AVX";
      case dnnl::cpu_isa::avx2: return "AVX2";
      case dnnl::cpu_isa::avx512_core: return "AVX-512";
      case dnnl::cpu_isa::avx512_core_vnni: return "AVX-512 VNNI";
      case dnnl::cpu_isa::avx512_core_bf16: return "AVX-512 BF16";
      case dnnl::cpu_isa::avx512_core_amx: return "AVX-512 AMX";
      default: return "instruction set " + std::to_string(static_cast<int>(isa));
    }
  };
  return name(dnnl::get_effective_cpu_isa()) + ", oneDNN " + std::to_string(version->major) + "." +
         std::to_string(version->minor) + "." + std::to_string(version->patch) +
         ", vector kernels " + select_simd_kernels().name;
}

}  // namespace pipetrain
