// What planning weighs, all measured: each layer's times and memory at some sizes of microbatch,
// and the machine's rates. Plain data; it must not know how it was measured.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plan/memory_use.h"
#include "schedule/memory_choices.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Of an entry of a weight, gradient or moment, and of the number of a token or row.
inline constexpr std::int64_t kFloatBytes = 4, kIdBytes = 4;

// Sums over a tensor-parallel group, one after the other.
struct SumUse {
  int count = 0;
  std::int64_t bytes = 0;  // of all together, as each rank has them
};

// Something that a layer can leave out after forward and make again before backward_input.
struct PartMeasure {
  double seconds = 0;  // to make it again
  MemoryUse forget, remake;
};

// One layer, or the slice of it that a rank of a tensor-parallel group has; one microbatch. Before
// forward its input is in memory, before backward_input the gradient of its output; both count as
// taken by whoever brought them. The last layer's forward includes the loss.
struct LayerMeasure {
  StageCost cost;  // seconds, without sums over the group
  SumUse forward_sums, backward_input_sums, backward_weight_sums;
  MemoryUse forward, backward_input, backward_weight;
  std::vector<PartMeasure> parts;
  MemoryUse evaluation;  // of a forward that keeps nothing; the last layer's leaves nothing
  Blocks kept;           // for ever: packed weights, once for all microbatches and of any size
};

struct LayerFacts {
  std::string name;  // "layers.3.attention"
  struct Parameter {
    std::string name;  // a tied one has the same name in both layers
    std::int64_t elements = 0;
    std::int64_t row_elements = 0;  // of a table that is looked up here: of one of its rows
  };
  std::vector<Parameter> parameters;
  std::int64_t input_row_bytes = 0, output_row_bytes = 0;
  std::int64_t buffer_elements = 0;  // not trained, such as running statistics
  SumUse group_sums;                 // of a row, forward and backward, if ranks shared the layer
};

struct ModelProfile {
  int tensor = 1;  // ranks that share each layer: all below is of a rank's slices
  std::vector<LayerFacts> layers;
  std::int64_t input_row_bytes = 0, target_row_bytes = 0;      // of the batch
  bool halves_messages = false;                                // stages hand float32 on in bfloat16
  std::map<std::int64_t, std::vector<LayerMeasure>> measured;  // rows of a microbatch -> layers
  // The pool's rule: bytes asked for -> size of the block.
  std::function<std::int64_t(std::int64_t)> block_bytes;
};

// A rank's rates while `copies` of them work at the same time, as ranks on one host do.
struct MachineProfile {
  int copies = 1, threads = 1;  // ranks that were measured at once, and threads of each
  double cores_per_rank = 1;    // below 1 where they shared cores: all then took so much longer
  bool real_messages = false;   // between two ranks; else estimated from copying memory
  double message_latency_seconds = 0, message_bytes_per_second = 1;
  double update_seconds_per_element = 0;  // optimizer and gradient norm, per parameter
  double read_seconds_per_row = 0;        // the coordinator's reading, on rank 0
  std::int64_t process_bytes = 0;         // of a rank's process without tensors
  double measure_seconds = 0;

  double message_seconds(std::int64_t bytes) const {
    return message_latency_seconds + static_cast<double>(bytes) / message_bytes_per_second;
  }
  // Each rank scatters all but its share to be summed, and gathers the others'.
  double sum_seconds(const SumUse& sums, int ranks) const {
    const double sent = 2.0 * (ranks - 1);
    return sent * (sums.count * message_latency_seconds +
                   static_cast<double>(sums.bytes) / ranks / message_bytes_per_second);
  }
};

// The layers at `rows` rows: as measured, or the straight line through the two nearest measured
// sizes (blocks grow in proportion to the nearest one). At least one size must be measured.
std::vector<LayerMeasure> layers_at(const ModelProfile& profile, std::int64_t rows);

// Seconds that it takes to make again what is not kept: a whole forward, or parts.
double remake_seconds(const LayerMeasure& layer, const Recomputed& recomputed);

// All parameters, a tied one once.
std::int64_t parameter_elements(const ModelProfile& profile);

}  // namespace pipetrain
