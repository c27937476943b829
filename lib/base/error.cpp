#include "base/error.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pipetrain {
namespace {

// What the reason of errno does not say of itself, where file systems of clusters are its cause.
const char* hint() {
  const bool refused = errno == EACCES || errno == EPERM;
  if (refused && ::geteuid() == 0) {
    return " (to root: on a file system with root_squash root is nobody, so run as the owner)";
  }
  if (errno == EFBIG) return " (for this file system, or for ulimit -f)";
  if (errno == ESTALE) return " (another host has replaced it, or its server was restarted)";
  return "";
}

}  // namespace

std::string system_reason(const std::string& file) {
  const char* const more = hint();
  return file + ": " + std::strerror(errno) + more;
}

}  // namespace pipetrain
