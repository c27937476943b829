#include "comm/kept.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace pipetrain {

bool same_name(const Message& a, const Message& b) {
  return a.channel == b.channel && a.peer == b.peer && a.stage == b.stage &&
         a.microbatch == b.microbatch && a.parity == b.parity;
}

std::string text_of_wait(const Message& message, int from_rank, const char* needed_by) {
  return text_of(message) + " from rank " + std::to_string(from_rank) + ", which " + needed_by +
         " needs";
}

void throw_not_posted(int rank, const Message& message, const char* needed_by) {
  throw std::logic_error("rank " + std::to_string(rank) + " takes " + text_of(message) + " for " +
                         needed_by + " without having posted its receive");
}

void throw_wrong_size(int rank, const Message& message, const std::string& found_bytes,
                      std::size_t expected_bytes) {
  throw Error(ExitCode::kConfiguration,
              "rank " + std::to_string(rank) + " got " + text_of(message) + " of " + found_bytes +
                  " bytes, expected " + std::to_string(expected_bytes) +
                  "; start all ranks with the same configuration and build");
}

void KeptMessages::post(Posted receive) {
  const auto posted = std::find_if(posted_.begin(), posted_.end(), [&](const Posted& p) {
    return same_name(p.message, receive.message);
  });
  // One left from before its message was taken without it is replaced.
  if (posted == posted_.end()) {
    posted_.push_back(std::move(receive));
  } else {
    *posted = std::move(receive);
  }
}

Tensor KeptMessages::take(const Message& message, int rank, const char* needed_by) {
  const auto sent = std::find_if(sent_.begin(), sent_.end(),
                                 [&](const Sent& s) { return same_name(s.message, message); });
  if (sent == sent_.end()) {
    throw Error(ExitCode::kTimeout, "rank " + std::to_string(rank) + " needs " + text_of(message) +
                                        " for " + needed_by +
                                        ", but has not yet sent it to itself and would wait for "
                                        "ever; report this as a bug of the schedule");
  }
  Tensor tensor = std::move(sent->tensor);
  sent_.erase(sent);
  const auto posted = std::find_if(posted_.begin(), posted_.end(),
                                   [&](const Posted& p) { return same_name(p.message, message); });
  if (posted != posted_.end()) {
    const std::size_t expected =
        static_cast<std::size_t>(posted->shape.elements()) * element_bytes(posted->dtype);
    if (tensor.bytes() != expected || tensor.dtype() != posted->dtype) {
      throw_wrong_size(rank, message, std::to_string(tensor.bytes()), expected);
    }
    tensor.reshape(posted->shape);
    if (!posted->room.empty()) {
      std::memcpy(posted->room.data(), tensor.data(), expected);
      tensor = std::move(posted->room);
    }
    posted_.erase(posted);
  }
  return tensor;
}

}  // namespace pipetrain
