#include "ops/operand_copies.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Products that are multiplied in place are short, of float32 and not tiny") {
  CHECK(multiplied_in_place({.m = 512, .n = 512, .k = 2048}));
  CHECK(multiplied_in_place({.m = 256, .n = 3072, .k = 768}));
  CHECK_FALSE(multiplied_in_place({.m = 1024, .n = 1024, .k = 768}));
  CHECK_FALSE(multiplied_in_place({.m = 63, .n = 512, .k = 768}));
  CHECK_FALSE(multiplied_in_place({.m = 512, .n = 512, .k = 512, .dtype = DType::kBFloat16}));
}

TEST_CASE("Rows of multiples of 512 bytes are moved apart, unless the copy would be too large") {
  CHECK(padded_pitch(100, 128) == 128 + kPaddingFloats);
  CHECK(padded_pitch(100, 130) == 130);
  CHECK(padded_pitch(100, 192) == 192);
  CHECK(padded_pitch(8192, 512) == 512 + kPaddingFloats);
  CHECK(padded_pitch(8193, 512) == 512);
}

TEST_CASE("B is read packed where the copy costs little of the product") {
  CHECK(reads_packed({.m = 512, .n = 64, .k = 64}));
  CHECK_FALSE(reads_packed({.m = 511, .n = 4096, .k = 4096}));
}
