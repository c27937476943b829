#include "text/training/text_pieces.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

std::vector<std::string> pieces_of(const std::vector<std::string>& files, std::size_t bytes) {
  TextPieces pieces(files, bytes);
  std::vector<std::string> all;
  for (std::string piece; pieces.next(piece);) all.push_back(piece);
  return all;
}

}  // namespace

TEST_CASE("Files are cut behind a line's end alone, or else behind a whole character") {
  const TemporaryFolder folder;
  const std::string lines = folder.write("lines", "one\ntwo \n\nthree\nfour");
  CHECK(pieces_of({lines}, 100) == std::vector<std::string>{"one\ntwo \n\nthree\nfour"});
  CHECK(pieces_of({lines}, 16) == std::vector<std::string>{"one\n", "two \n\nthree\n", "four"});
  const std::string euros = folder.write("euros", "\xE2\x82\xAC\xE2\x82\xAC");
  CHECK(pieces_of({euros}, 4) == std::vector<std::string>{"\xE2\x82\xAC", "\xE2\x82\xAC"});
  CHECK(pieces_of({folder.write("empty", ""), lines}, 100).size() == 1);
  CHECK_THROWS_AS(pieces_of({folder.path("none")}, 4), Error);
}
