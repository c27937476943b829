#include "nn/sharing.h"

#include <cstdint>

#include "base/error.h"

namespace pipetrain {

TensorPlace Sharing::evenly(const LayerOptions& options, const std::string& what,
                            std::int64_t count) {
  shares_ = true;
  if (count % place_.size == 0) return place_;
  options.fail(what + " " + std::to_string(count) + " cannot be shared out evenly over the " +
               std::to_string(place_.size) + " ranks of parallel.tensor; expected a multiple of " +
               std::to_string(place_.size));
}

TensorPlace Sharing::by_vocabulary(const LayerOptions& options, std::int64_t vocabulary) const {
  if (vocabulary >= place_.size) return place_;
  options.fail("vocabulary " + std::to_string(vocabulary) + " is smaller than parallel.tensor " +
               std::to_string(place_.size) + "; expected a part for every rank");
}

void Sharing::finish() const {
  if (shares_ || alone()) return;
  throw Error(ExitCode::kConfiguration,
              "parallel.tensor: " + std::to_string(place_.size) +
                  " ranks can share attention and MLPs, and the model has neither; set it to 1 "
                  "(parallel.data and the pipeline take any model)");
}

}  // namespace pipetrain
