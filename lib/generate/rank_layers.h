// A rank's layers of a language model that makes text: their weights, and what they keep of the
// tokens so far. It must not know messages, nor where its tokens come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "generate/rounded_weights.h"
#include "pipeline/parameter_store.h"
#include "setup/language_model.h"

namespace pipetrain {

// Rows whose tokens come a few at a time: `count` of those that are kept, from `first` on.
struct KeptRows {
  std::int64_t first = 0;
  // Of each row the place in it of the first token that comes now.
  std::vector<std::int64_t> positions;

  std::int64_t count() const { return static_cast<std::int64_t>(positions.size()); }
};

class RankLayers {
 public:
  // A run of the model's layers, of those of `ranks` ranks; the cut evens out the weights that a
  // token reads. `weights` is what matrices of weights are in memory; all is computed in float32.
  // Error(kConfiguration) if there are more ranks than layers; Error(kCheckpoint) for damaged
  // weights. No communication.
  RankLayers(LanguageModel& model, const Checkpoint& checkpoint, int rank, int ranks,
             MemoryPool& pool, DType weights = DType::kFloat32);

  // x (rows, t, ...), t tokens of each row, to (rows, t, C), or of the last token only (rows, 1,
  // C): layers after the last one that reaches into the past need no other. More than one row has
  // one token. `poll` is called between layers.
  Tensor forward(const KeptRows& rows, Tensor x, const std::function<void()>& poll);
  std::int64_t width() const;  // of the input
  bool takes_last_token_only() const { return begin_ > last_past_; }

  std::size_t weight_bytes() const;  // that each token reads
  double read_seconds();             // that the threads of this rank take for them, at best

 private:
  Layer& layer(int i) const { return *model_.layers[static_cast<std::size_t>(i)]; }
  std::vector<ConstMatrix> read_weights() const;

  LanguageModel& model_;
  MemoryPool& pool_;
  Ops ops_;
  int begin_ = 0, end_ = 0;  // of the model's layers
  int last_past_ = 0;        // layers after it need only the last token
  std::optional<RoundedWeights> rounded_;
  std::unique_ptr<WholeParameters> weights_;  // those that are not rounded
  std::vector<Saved> saved_;
  std::vector<std::int32_t> starts_;
};

}  // namespace pipetrain
