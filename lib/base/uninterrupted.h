// System calls that signals or network file systems may interrupt. It must not know which call.
#pragma once

#include <cerrno>

namespace pipetrain {

// What `call` returns once it is not interrupted: below zero with errno, as ever. Not for close(),
// which Linux has done all the same.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace pipetrain
