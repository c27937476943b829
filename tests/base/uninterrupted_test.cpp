#include "base/uninterrupted.h"

#include <cerrno>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A call that is interrupted is made again, any other failure is its result") {
  int calls = 0;
  CHECK(uninterrupted([&] {
          errno = EINTR;
          return ++calls < 3 ? -1 : 7;
        }) == 7);
  CHECK(calls == 3);
  CHECK(uninterrupted([&] {
          ++calls;
          errno = EIO;
          return -1;
        }) == -1);
  CHECK(calls == 4);
}
