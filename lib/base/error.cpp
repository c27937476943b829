#include "base/error.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pipetrain {
namespace {

// What the reason of errno does not say of itself, where file systems of clusters are its cause.
std::string hint(int reason) {
  const bool refused = reason == EACCES || reason == EPERM;
  if (refused && ::geteuid() == 0) {
    return " (to root: on a file system with root_squash root is nobody, so run as the owner)";
  }
  if (reason == EFBIG) {
    rlimit limit = {};
    const bool limited = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited ? " (ulimit -f allows " + std::to_string(limit.rlim_cur) +
                         " bytes, this file system perhaps less)"
                   : " (for this file system)";
  }
  if (reason == ESTALE) return " (another host has replaced it, or its server was restarted)";
  return "";
}

}  // namespace

std::string system_reason(const std::string& file) {
  const int reason = errno;
  return file + ": " + std::strerror(reason) + hint(reason);
}

}  // namespace pipetrain
