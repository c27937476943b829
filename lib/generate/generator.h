// Continues a sequence of tokens, on one rank or a pipeline of several: each has a run of the
// layers and their keys and values. It must not know text, MPI or layer kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "comm/mailbox.h"
#include "generate/sampler.h"
#include "pipeline/parameter_store.h"
#include "setup/language_model.h"

namespace pipetrain {

// Which tokens of a growing sequence the model is given, and at which positions: those that are
// new. Once `context` tokens are in, it begins again with the last half of them.
class SlidingWindow {
 public:
  explicit SlidingWindow(std::int64_t context) : context_(context) {}

  struct NewTokens {
    std::int64_t begin, tokens;   // in the sequence
    std::int64_t first_position;  // in the model's row
  };
  // Of a sequence that now has `length` tokens, at least one of them new.
  NewTokens next(std::int64_t length);

 private:
  std::int64_t context_;
  std::int64_t start_ = 0, given_ = 0;  // in the sequence: the window's first token, and the end
};

// A token passes through all weights once: those of a small model are read faster by one thread
// than several can agree to begin.
int useful_threads(std::size_t weight_bytes);

class Generator {
 public:
  // All ranks of the mailbox make one. Error(kConfiguration) if there are more of them than layers;
  // Error(kCheckpoint) for damaged weights. No communication.
  Generator(LanguageModel& model, const Checkpoint& checkpoint, const SamplingOptions& sampling,
            Mailbox& mailbox, MemoryPool& pool);

  // All ranks call it with the same prompt of at least one token. On rank 0 `show` gets each new
  // token as soon as it is known, but for the tokenizer's end of a text, which ends this one.
  // Returns how many tokens were made, at most `count`.
  std::int64_t run(std::vector<std::int32_t> prompt, std::int64_t count,
                   const std::function<void(std::int32_t)>& show);

 private:
  bool first() const { return mailbox_.rank() == 0; }
  bool last() const { return mailbox_.rank() + 1 == mailbox_.size(); }
  Tensor receive(const Message& message, const Shape& shape, DType dtype);
  Tensor input(const std::vector<std::int32_t>& sequence, const SlidingWindow::NewTokens& part,
               int parity);
  Tensor forward(Tensor x, const SlidingWindow::NewTokens& part);
  // The token after the sequence.
  std::int32_t step(const std::vector<std::int32_t>& sequence,
                    const SlidingWindow::NewTokens& part);

  LanguageModel& model_;
  Mailbox& mailbox_;
  MemoryPool& pool_;
  Ops ops_;
  Sampler sampler_;
  int begin_ = 0, end_ = 0;  // this rank's layers
  int last_past_ = 0;        // layers after it need only the last token
  std::unique_ptr<WholeParameters> weights_;
  std::vector<Saved> saved_;  // of this rank's layers
};

}  // namespace pipetrain
