// What people ask first: this model on these ranks by data, tensor or pipeline parallelism, or
// sharded, each with memory, bytes and efficiency. Formulas over measured costs; it must not know
// which of them can be run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/predict.h"

namespace pipetrain {

struct ComparisonRow {
  std::string way;                    // "pipeline", "data", "tensor", "sharded optimizer", ...
  DType precision = DType::kFloat32;  // the same in all rows
  bool estimate = true;               // false: predicted plan that this version runs
  std::int64_t memory_bytes = 0;      // of a rank, its process included
  std::int64_t sent_bytes = 0;        // a step, by each rank
  double step_seconds = 0;
  double efficiency = 0;  // the model's work over ranks x step
};

// `pipeline` is the best plan on all ranks. All ways have its precision, and its size of microbatch
// where a replica's share of the batch is not smaller.
//
// Data parallel: gradients summed by ring all-reduce, 2(n-1)/n of them sent by each rank. Tensor
// parallel: Shoeybi et al., arXiv:1909.08053, section 3: one all-reduce of the activation forward
// and one backward in each attention and each MLP, one forward for the embedding, one backward for
// the head; what a layer saves is shared out but for one copy of its input. Sharded: Rajbhandari et
// al., arXiv:1910.02054, sections 5 and 7: with the optimizer's state shared out bytes are as data
// parallel; with parameters and gradients too, each microbatch gathers parameters twice and
// scatters gradients once. Communication is not overlapped with work.
std::vector<ComparisonRow> compare_ways(const PlanInputs& inputs, int ranks, const Plan& pipeline);

}  // namespace pipetrain
