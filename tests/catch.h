// Catch2 2.x ships one header, 3.x a set of them; a test includes this one.
#pragma once

#include <string>

#define CATCH_CONFIG_FAST_COMPILE  // an exception ends its test; a check does not catch it by
                                   // itself

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

// Whether `text` has each of `parts` in it.
template <class... Parts>
bool contains(const std::string& text, const Parts&... parts) {
  return ((text.find(parts) != std::string::npos) && ...);
}
