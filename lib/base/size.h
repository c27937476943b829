// Amounts of memory as people write them: "16GiB" to bytes and back. It must not know what is
// measured.
#pragma once

#include <cstdint>
#include <string>

namespace pipetrain {

// "16GiB", "512 MiB", "1.5GB" (powers of 1000), "123456" or "123456B" (bytes).
// Error(kConfiguration) that begins with `what` for anything else and for less than one byte.
std::int64_t parse_size(const std::string& text, const std::string& what);

// "1.42 GiB", "87.5 MiB", "512 B".
std::string size_text(std::int64_t bytes);

}  // namespace pipetrain
