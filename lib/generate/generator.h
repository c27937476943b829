// Continues sequences of tokens, on one rank or a pipeline of several: each has a run of the layers
// and what they keep of the tokens so far. Sequences pass in groups, so that every rank has a group
// at work; those of a group whose next token is the only new one pass as rows of one batch, which
// reads the weights once for all of them. It must not know text, MPI or layer kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "comm/mailbox.h"
#include "generate/rank_layers.h"
#include "generate/sampler.h"
#include "generate/sequence.h"
#include "setup/language_model.h"

namespace pipetrain {

// A token passes through all weights once: those of a small model are read faster by one thread
// than several can agree to begin.
int useful_threads(std::size_t weight_bytes);

// How many sequences are at work at once, of `count` on so many ranks.
struct GeneratorPlaces {
  std::int64_t groups = 1, rows = 1;
  std::int64_t count() const { return groups * rows; }
};
GeneratorPlaces places_for(std::int64_t count, int ranks);

struct GeneratorOptions {
  SamplingOptions sampling;
  GeneratorPlaces places;
  DType weights = DType::kFloat32;  // what matrices of weights are in memory
};

class Generator {
 public:
  // All ranks of the mailbox make one. Errors are those of RankLayers. No communication.
  Generator(LanguageModel& model, const Checkpoint& checkpoint, const GeneratorOptions& options,
            Mailbox& mailbox, MemoryPool& pool);

  // Adds tokens to all of them until each has ended; any number, those that have no place wait. All
  // ranks call it with the same ones. `show` gets what can be shown of a sequence, by its place in
  // the list, as soon as it is known. A sequence has the same tokens beside any others. One that
  // goes on from a call before must be the only one of both.
  using Show = std::function<void(std::size_t, const std::string&)>;
  void run(std::span<Sequence* const> sequences, const Show& show);

  RankLayers& layers() { return layers_; }

 private:
  struct Row {
    Sequence* sequence = nullptr;
    std::size_t number = 0;  // in the list
    std::int64_t place = 0;  // of what is kept of it
  };
  struct Group {
    std::vector<Row> rows;
    std::vector<std::int64_t> free;   // places, the lowest last
    std::vector<std::int32_t> drawn;  // on the last rank: the next token of each row
    int turn = 0;
    bool at_work = false;  // tokens of its last turn are to come
  };
  // Rows that pass the layers together: neighbouring places, of some of which nothing is wanted.
  struct Pass {
    static constexpr std::size_t kNobody = ~std::size_t{0};
    KeptRows kept;
    std::vector<std::size_t> rows;       // of each place its number in the group, or kNobody
    std::int64_t begin = 0, tokens = 1;  // of the one row that has more than one, in its sequence
  };

  bool first() const { return mailbox_.rank() == 0; }
  bool last() const { return mailbox_.rank() + 1 == mailbox_.size(); }
  Tensor receive(const Message& message, const Shape& shape, DType dtype);
  static Message activation_message(const Group& group, const Pass& pass, int peer, int receiver);
  Message tokens_message(const Group& group, int peer, int receiver) const;
  void admit(Group& group, std::span<Sequence* const> sequences, std::size_t& next) const;
  void begin_turn(Group& group);
  void end_turn(Group& group, const Show& show);
  void pass(Group& group, const Pass& pass);
  Tensor input(const Group& group, const Pass& pass);
  void draw(Group& group, const Pass& pass, const Tensor& logits);

  LanguageModel& model_;
  Mailbox& mailbox_;
  MemoryPool& pool_;
  RankLayers layers_;
  Sampler sampler_;
  std::vector<Group> groups_;
};

}  // namespace pipetrain
