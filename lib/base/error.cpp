#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace pipetrain {

std::string system_reason(const std::string& file) { return file + ": " + std::strerror(errno); }

}  // namespace pipetrain
