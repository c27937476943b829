// Catch2 and what most tests include beside it, read once for all files of a program. They include
// what they use all the same: -Db_pch=false builds without.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../catch.h"
