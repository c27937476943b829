// The matrices of a rank's layers as they are in memory where half of the bytes matter more than
// the last digits: rounded to bfloat16. A token reads all weights once, and as fast as memory gives
// them. It must not know how they are multiplied.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "nn/layer.h"

namespace pipetrain {

class RoundedWeights {
 public:
  // Reads Parameter::is_matrix ones of the layers from the checkpoint, some rows at a time, and
  // sets Parameter::rounded. Layers use one of the same name together. Error(kCheckpoint) as
  // Checkpoint::read_slice.
  RoundedWeights(Ops& ops, const Checkpoint& checkpoint, const std::vector<Layer*>& layers);

 private:
  std::map<std::string, Tensor> matrices_;  // by the parameter's name
};

}  // namespace pipetrain
