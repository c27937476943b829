// The libraries' headers that cost the compiler most, read once for all files of this folder. They
// include what they use all the same: -Db_pch=false builds without.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "standard.h"
