#include "usage_error.h"

#include <string>

#include "base/error.h"

namespace pipetrain {

void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

void require(bool given, const std::string& what, const std::string& command) {
  if (!given) fail(what + " is missing; see pipetrain " + command + " --help");
}

}  // namespace pipetrain
