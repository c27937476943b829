#include "comm/mpi/check.h"

#include <mpi.h>

#include <cstddef>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "comm/error_text.h"

using namespace pipetrain;

TEST_CASE("A call that went well is no error") {
  CHECK_NOTHROW(check_mpi("MPI_Isend", MPI_SUCCESS));
}

TEST_CASE("A count is what fits into an int, else what is too large is named") {
  CHECK(mpi_count("a message", 2147483647) == 2147483647);
  const auto larger = [] { mpi_count("a message", std::size_t{1} << 31); };
  CHECK(error_text(ExitCode::kConfiguration, larger)
            .starts_with("a message has 2147483648 elements, at most 2147483647 fit"));
}
