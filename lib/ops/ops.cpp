#include "ops/ops.h"

#include <malloc.h>
#include <omp.h>

#include <string>

#include "base/error.h"
#include "ops/bfloat16.h"
#include "ops/bfloat16_products.h"
#include "ops/convolution_primitives.h"
#include "ops/matmul_primitives.h"

namespace pipetrain {
struct Ops::Primitives {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  const bool multiplies_bfloat16 = pipetrain::multiplies_bfloat16();
  MatmulPrimitives matmuls{engine};
  ConvolutionPrimitives convolutions{engine, multiplies_bfloat16};
};

Ops::Ops(MemoryPool& pool)
    : pool_(pool), simd_(select_simd_kernels()), primitives_(std::make_unique<Primitives>()) {
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

bool Ops::multiplies_bfloat16() const { return primitives_->multiplies_bfloat16; }

std::size_t Ops::primitives() const {
  return primitives_->matmuls.primitives() + primitives_->convolutions.primitives();
}

std::size_t Ops::packings() const {
  return primitives_->convolutions.packings() + primitives_->matmuls.copies_made();
}

void Ops::weights_changed() {
  primitives_->convolutions.weights_changed();
  primitives_->matmuls.weights_changed();
}

void Ops::forget_weights() {
  primitives_->convolutions.forget_weights();
  primitives_->matmuls.forget_weights();
}

ConvolutionPrimitives& Ops::convolutions() { return primitives_->convolutions; }

void Ops::matmul_of_copies(const MatmulShape& shape, const void* a, const void* b,
                           const float* bias, void* c) {
  const auto copy_of = [&](const void* x, std::int64_t elements) {
    Tensor copy(pool_, {elements});
    widen(*this, elements, static_cast<const BFloat16*>(x), copy.f32());
    return copy;
  };
  if (shape.weights) {
    b = primitives_->matmuls.rounded(*this, static_cast<const float*>(b),
                                     shape.transpose_b ? shape.n : shape.k,
                                     shape.transpose_b ? shape.k : shape.n);
  }
  const Tensor wide_a = copy_of(a, shape.m * shape.k), wide_b = copy_of(b, shape.k * shape.n);
  MatmulShape wide = shape;
  wide.weights = false;
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
  primitives_->matmuls.multiply(*this, shape, a, b, bias, c);
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
