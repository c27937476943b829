#include "base/lfs_pointer.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace pipetrain {

std::string lfs_pointer_reason(std::string_view content) {
  constexpr std::string_view kStart = "version https://git-lfs.github.com/spec/", kSize = "\nsize ";
  constexpr std::size_t kMostBytes = 1024;  // git-lfs, docs/spec.md: a pointer is smaller
  if (content.size() >= kMostBytes || !content.starts_with(kStart)) return {};
  std::string size;
  if (const std::size_t at = content.find(kSize); at != std::string_view::npos) {
    const std::string_view rest = content.substr(at + kSize.size());
    const auto end = std::ranges::find_if_not(
        rest, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
    size = " of " + std::string(rest.begin(), end) + " bytes";
  }
  return "is a Git LFS pointer, expected the file" + size +
         " that it stands for; fetch it with git lfs pull";
}

}  // namespace pipetrain
