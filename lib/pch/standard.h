// The standard library's headers that cost the compiler most, read once for all files of a folder.
// They include what they use all the same: -Db_pch=false builds without.
#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
