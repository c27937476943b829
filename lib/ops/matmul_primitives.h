// oneDNN's matrix products, each built once, and the copies of operands that they read. It must not
// know layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <initializer_list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ops/ops.h"

namespace pipetrain {

class MatmulPrimitives {
 public:
  explicit MatmulPrimitives(const dnnl::engine& engine) : engine_(engine), stream_(engine) {}

  // See Ops::matmul. Bfloat16 needs the processor's instructions.
  void multiply(Ops& ops, const MatmulShape& shape, const void* a, const void* b, const float* bias,
                void* c);
  // These weights, rounded and in their own order: made at their first use since weights_changed().
  const void* rounded(Ops& ops, const float* weights, std::int64_t rows, std::int64_t columns);

  void weights_changed();
  void forget_weights() { copies_.clear(); }
  std::size_t primitives() const { return prepared_.size(); }
  std::size_t copies_made() const { return copies_made_; }

 private:
  using Memory = dnnl::memory;

  struct ShapeHash {
    std::size_t operator()(const MatmulShape& shape) const;
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
    std::optional<Memory::desc> packed_b;  // the layout of a copy of B, if it reads one
    std::optional<dnnl::reorder> pack;     // what makes it
    Memory::desc packed_from;
    std::size_t scratch_bytes = 0;
  };
  // Of weights, in one layout.
  struct Copy {
    Memory::desc layout;
    Tensor tensor;
    bool current = false;
  };

  static Operand operand(std::int64_t rows, std::int64_t columns, bool transposed,
                         bool walked_down);
  static Memory::desc describe(const Operand& x, bool transposed, Memory::data_type type);
  // An operand to copy, and to where.
  struct PaddedCopy {
    const Operand& x;
    const void* from;
    Tensor& to;
  };
  static void copy_padded(MemoryPool& pool, std::initializer_list<PaddedCopy> copies);
  Prepared& prepare(const MatmulShape& shape);
  void pack(const Ops& ops, const Prepared& prepared, const void* from, void* to);
  // Where weights wait in this layout: the bool says whether it holds them as they are.
  Copy& copy_of(Ops& ops, const float* weights, const Memory::desc& layout);
  // A^T B, a piece of the rows of both at a time.
  void multiply_pieces(Ops& ops, const MatmulShape& shape, const float* a, const float* b,
                       const float* bias, float* c);
  const void* operand_b(Ops& ops, const MatmulShape& shape, const Prepared& prepared, const void* b,
                        Tensor& copy);

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::unordered_map<MatmulShape, Prepared, ShapeHash> prepared_;
  std::unordered_map<const float*, std::vector<Copy>> copies_;  // by where the weights live
  std::size_t copies_made_ = 0;
};

}  // namespace pipetrain
