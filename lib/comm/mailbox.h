// Named point-to-point messages between the ranks of one pipeline. It must not know MPI, schedules
// or what a tensor means.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tensor/tensor.h"

namespace pipetrain {

// What kind of thing a message carries; the MPI implementation gives each its own communicator.
enum class Channel : std::uint8_t {
  kActivation,
  kGradient,
  kInput,
  kTarget,
  kTied,
  kControl,
  kDocuments,
  // Of a vocabulary over the pipeline, named by the last stage: from that to a piece, back for its
  // I, and for a T, from that I or from each piece.
  kPieceInput,
  kPieceResult,
  kPieceTotals,
  // Of an embedding over the pipeline, from piece to piece: what has been looked up on the way to
  // the first stage, and the gradient on its way back.
  kEmbedding,
  kEmbeddingGradient
};
constexpr int kChannels = 12;
constexpr int kParities = 4;
const char* name_of(Channel channel);

// A message's name. Sender and receiver need no order between them: a name is used once per parity.
struct Message {
  Channel channel = Channel::kActivation;
  int peer = 0;   // the other rank: destination of a send, source of a receive
  int stage = 0;  // the stage that the message is for
  int microbatch = 0;
  int parity = 0;  // training steps alternate 0 and 1, evaluation's batches 2 and 3
};
std::string text_of(const Message& message);  // "activation for stage 2, microbatch 5, peer 1"

class Mailbox {
 public:
  virtual ~Mailbox() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Takes the tensor and keeps it until it has left. A send to oneself is a move.
  virtual void send(const Message& message, Tensor&& tensor) = 0;
  // Makes room for a message that will come; its memory is taken from the pool given at
  // construction.
  virtual void post_receive(const Message& message, Shape shape, DType dtype) = 0;
  // Likewise, into memory of the caller's, which take() gives back.
  virtual void post_receive_into(const Message& message, Tensor&& room) = 0;
  // The tensor of a posted receive, waiting for it if need be. Waiting polls, then sleeps for at
  // most 0.1 ms at a time. Past the time limit: Error(kTimeout) that names this rank, what it waits
  // for and from whom; `needed_by` names the action.
  virtual Tensor take(const Message& message, const char* needed_by) = 0;
  // Moves messages along; called between layers and kernels. Frees sends that have completed.
  virtual void poll() = 0;
  // Waits until every send has left.
  virtual void flush() = 0;
};

}  // namespace pipetrain
