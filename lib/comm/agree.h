// How ranks find out together whether a piece of work went well on all of them, and leave together
// if it did not. It must not know who prints what went wrong, nor how a rank ends.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "comm/collective.h"

namespace pipetrain {

struct Failure {
  int code = 0;  // the exit code that it means; 0: none
  std::string text = {};
  std::string detail = {};  // lines below it
};

// What `work` throws, as an exit code and words.
Failure failure_of(const std::function<void()>& work);

// Thrown on every rank when some of them failed. It is no std::exception: only who ends the rank
// catches it.
struct CommonFailure {
  int code = 0;                // of the lowest rank that failed
  std::optional<Failure> own;  // there: what it is to say for all
};

// All ranks call it. Each does `work`, which must not communicate; then they agree whether it went
// well everywhere, and if not, each throws a CommonFailure.
void agree(Collective& world, const std::function<void()>& work);

}  // namespace pipetrain
