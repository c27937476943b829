#include "schedule/table_file.h"

#include <cerrno>
#include <cstddef>
#include <fstream>

#include "base/error.h"

namespace pipetrain {

std::string read_table(const std::string& path) {
  constexpr std::size_t kMostBytes = std::size_t{128} << 20, kChunk = 1 << 16;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  while (file && text.size() <= kMostBytes) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    file.read(text.data() + before, kChunk);
    text.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > kMostBytes) {
    throw Error(
        ExitCode::kConfiguration,
        path + ": found more than 128 MiB; expected a table of one step's actions or costs");
  }
  // A directory opens, but cannot be read.
  if (!file.eof()) throw Error(ExitCode::kConfiguration, system_reason(path));
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw Error(
        ExitCode::kConfiguration,
        path + ": found UTF-16, expected UTF-8; convert it: iconv " + "-f UTF-16 -t UTF-8 " + path);
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::string_view content_of(std::string_view cell) {
  cell = trim(cell);
  if (cell.size() < 2 || !cell.starts_with('"') || !cell.ends_with('"')) return cell;
  return trim(cell.substr(1, cell.size() - 2));
}

bool is_blank(std::string_view row) {
  return row.find_first_not_of(" \t\r,\"") == std::string_view::npos;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string shown;
  for (char c : text.substr(0, kMost)) shown += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > kMost ? shown + "..." : shown;
}

}  // namespace pipetrain
