#include "fuzz/input.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace pipetrain::fuzz {

MemoryFile::MemoryFile(std::string_view bytes) : number_(::memfd_create("input", MFD_CLOEXEC)) {
  require(number_ >= 0, "no file in memory");
  while (!bytes.empty()) {
    const ssize_t count = ::write(number_, bytes.data(), bytes.size());
    require(count > 0, "cannot write a file in memory");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

MemoryFile::~MemoryFile() { ::close(number_); }

std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(number_); }

PrivateFolder::PrivateFolder()
    : path_((std::filesystem::temp_directory_path() / "pipetrain_fuzz.XXXXXX").string()) {
  require(::mkdtemp(path_.data()) != nullptr, "cannot make a temporary folder");
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::pair<Input, Input> halves_of(Input input) {
  if (input.size() < 2) return {input, {}};
  const Input rest = input.subspan(2);
  const auto length = std::min<std::size_t>(input[0] + 256U * input[1], rest.size());
  return {rest.first(length), rest.subspan(length)};
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

bool read_or_refuse(const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    require(error.what()[0] != '\0', "an error says something");
    return false;
  }
}

}  // namespace pipetrain::fuzz
