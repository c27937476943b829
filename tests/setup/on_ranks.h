// Runs what all ranks do together on threads. It must not know what that is.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "comm/agree.h"
#include "comm/in_process.h"

namespace pipetrain {

// Each rank does `work`. If all leave, what one of them says for all is thrown as an Error.
inline void on_ranks(int ranks, const std::function<void(Collective& world)>& work) {
  std::mutex mutex;
  std::optional<Failure> said;
  InProcess group(ranks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    const auto world = group.collective(rank);
    try {
      work(*world);
    } catch (const CommonFailure& failure) {
      const std::lock_guard lock(mutex);
      if (failure.own) said = failure.own;
    }
  });
  if (said) throw Error(static_cast<ExitCode>(said->code), said->text);
}

}  // namespace pipetrain
