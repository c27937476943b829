// What operations do and how long they take: floating-point operations and bytes follow from an
// operation's shapes, which it describes itself. Nothing is described or timed unless Ops has a
// log. It must not know layers: it is told their names.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/table.h"
#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

enum class WorkKind : std::uint8_t { kProduct, kConvolution, kAttention, kVector, kOther };

inline constexpr Choice<WorkKind> kWorkKinds[] = {
    {WorkKind::kProduct, "products", "Matrix products, by oneDNN."},
    {WorkKind::kConvolution, "convolutions", "Convolutions, by oneDNN."},
    {WorkKind::kAttention, "attention", "Our own tiles: scores, softmax, weighted values."},
    {WorkKind::kVector, "vector kernels", "Our own loops over entries: norms, activations, sums."},
    {WorkKind::kOther, "other in layers", "A layer's time between its operations."},
};

// One call of an operation.
struct Work {
  std::string operation;  // "layer norm", "product 512 to 2048"
  WorkKind kind = WorkKind::kVector;
  double flop = 0;
  double bytes = 0;  // the least that moves: each operand read once, each result written once
  DType dtype = DType::kFloat32;  // in which it multiplies
};

// A kernel that goes through these matrices entry by entry and names each as often as it reads or
// writes it: twice where it works in place.
Work vector_work(std::string operation, double flop_per_entry,
                 std::initializer_list<ConstMatrix> matrices);
// A product of rows of `in` features with weights, or one of its gradients.
struct ProductWidths {
  std::int64_t in = 0, out = 0;
};
Work product_work(const MatmulShape& shape, ProductWidths widths);

// Where operations are called: "attention", "F".
struct WorkPlace {
  std::string layer, pass;
};

// All calls of one operation in one place, or its layer's time between operations.
struct WorkRow {
  WorkPlace place;
  Work work;  // of all calls together
  double calls = 0, seconds = 0;
};

// What is begun within something else is not counted for that, too: all seconds add up to the time
// that was spent in the outermost ones.
class WorkLog {
 public:
  void begin(const WorkPlace& place);
  void begin(const Work& work);
  void end();  // of what was begun last

  std::vector<WorkRow> rows() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // layer, pass, operation

  void open(const WorkPlace& place, const Work& work);

  std::map<Key, WorkRow> rows_;
  std::vector<WorkRow*> open_;  // the innermost one last
  double since_ = 0;            // when it began, or went on
};

// Logs what `describe` returns, a Work or a WorkPlace, from here to the end of the scope.
class WorkScope {
 public:
  template <class Describe>
  WorkScope(const Ops& ops, const Describe& describe) : log_(ops.work_log()) {
    if (log_ != nullptr) log_->begin(describe());
  }
  ~WorkScope() {
    if (log_ != nullptr) log_->end();
  }
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

 private:
  WorkLog* log_;
};

}  // namespace pipetrain
