// Messages a rank sends to itself: the tensor that was sent is the tensor that is taken, nothing is
// copied. It must not know how other messages travel; both implementations of Mailbox keep one.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "comm/mailbox.h"

namespace pipetrain {

bool same_name(const Message& a, const Message& b);

// "activation for stage 1, microbatch 0, peer 2 from rank 5, which 1F0 needs": what a rank waits
// for, and from whom.
std::string text_of_wait(const Message& message, int from_rank, const char* needed_by);

// A take() without its post_receive(): the caller's mistake, never the user's.
[[noreturn]] void throw_not_posted(int rank, const Message& message, const char* needed_by);

// Error(kConfiguration) for a message of another size than the posted receive.
[[noreturn]] void throw_wrong_size(int rank, const Message& message, const std::string& found_bytes,
                                   std::size_t expected_bytes);

class KeptMessages {
 public:
  void send(const Message& message, Tensor&& tensor) {
    sent_.push_back({message, std::move(tensor)});
  }
  // A receive posted before or after the send only says the shape in which the tensor is to be
  // seen. It takes no memory.
  void post_receive(const Message& message, Shape shape, DType dtype) {
    post({message, shape, dtype, {}});
  }
  // What is sent is copied there when it is taken.
  void post_receive_into(const Message& message, Tensor&& room) {
    post({message, room.shape(), room.dtype(), std::move(room)});
  }
  // Error(kTimeout) if it was never sent: nobody else can send it.
  Tensor take(const Message& message, int rank, const char* needed_by);

 private:
  struct Sent {
    Message message;
    Tensor tensor;
  };
  struct Posted {
    Message message;
    Shape shape;
    DType dtype;
    Tensor room;  // empty: the tensor that was sent is the one that is taken
  };
  void post(Posted receive);

  std::vector<Sent> sent_;
  std::vector<Posted> posted_;
};

}  // namespace pipetrain
