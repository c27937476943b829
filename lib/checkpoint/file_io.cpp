#include "checkpoint/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/open_file.h"
#include "base/output.h"
#include "base/uninterrupted.h"

namespace pipetrain {
namespace {

// Of a write that has failed: what to do about it.
const char* advice(int reason) {
  if (reason == ENOSPC || reason == EDQUOT) return "; make room";
  return reason == EFBIG ? "; write where files may be larger" : "";
}

[[noreturn]] void fail(const std::string& path) {
  const int reason = errno;
  throw Error(ExitCode::kCheckpoint, "checkpoint: " + system_reason(path) + advice(reason));
}

Descriptor open_or_fail(const std::string& path, int flags) {
  Descriptor file = open_file(path, flags);
  if (file.number() < 0) fail(path);
  return file;
}

void write_new(const std::string& path,
               const std::function<void(const std::function<void(Bytes)>&)>& make) {
  Descriptor file = open_or_fail(path, O_WRONLY | O_CREAT | O_TRUNC);
  make([&](Bytes piece) {
    if (!write_all(file.number(), {reinterpret_cast<const char*>(piece.data()), piece.size()})) {
      fail(path);
    }
  });
  if (!file.sync() || !file.close()) fail(path);
}

void sync_folder_of(const std::string& path) {
  if (!sync_folder(folder_of(path))) fail(folder_of(path));
}

// Opens the folder, at which a network file system asks its server for what is in it now.
void look_again_at(const std::string& folder) { open_file(folder, O_RDONLY | O_DIRECTORY); }

// The most of so many bytes that a file in the folder can be made to have, by halves.
std::size_t asked_for(const std::string& folder, std::size_t bytes) {
  constexpr std::size_t kFewest = std::size_t{1} << 12;
  const std::string path = folder + "/.size-" + std::to_string(::getpid());
  const Descriptor file = open_or_fail(path, O_WRONLY | O_CREAT | O_TRUNC);
  ::unlink(path.c_str());
  const auto grows = [&] {
    return uninterrupted([&] { return ::ftruncate(file.number(), static_cast<off_t>(bytes)); }) ==
           0;
  };
  while (bytes > kFewest && !grows() && errno == EFBIG) bytes /= 2;
  return bytes;
}

}  // namespace

void fail_checkpoint(const std::string& file, const std::string& what) {
  throw Error(ExitCode::kCheckpoint, one_line("checkpoint: " + file + ": " + what));
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string shortened(std::string_view name) {
  constexpr std::size_t kMax = 80;
  std::string text(name.substr(0, kMax));
  if (name.size() > kMax) text += "...";
  return text;
}

void write_synced(const std::string& path,
                  const std::function<void(const std::function<void(Bytes)>&)>& make) {
  const std::string aside = path + ".partial";
  try {
    write_new(aside, make);
  } catch (const Error&) {
    ::unlink(aside.c_str());  // a full disk needs the space
    throw;
  }
  rename_synced(aside, path);
}

void write_synced(const std::string& path, const std::vector<Bytes>& pieces) {
  write_synced(path, [&](const std::function<void(Bytes)>& write) {
    for (const Bytes& piece : pieces) write(piece);
  });
}

void write_synced(const std::string& path, std::string_view text) {
  write_synced(path, std::vector<Bytes>{std::as_bytes(std::span(text))});
}

void rename_synced(const std::string& from, const std::string& to) {
  if (uninterrupted([&] { return std::rename(from.c_str(), to.c_str()); }) != 0) fail(to);
  sync_folder_of(to);
}

void replace_synced(const std::string& from, const std::string& to) {
  // A folder that has files cannot be replaced: the two change names, so that `to` is never
  // missing. Some network file systems cannot; there the old one makes way first.
  std::string old = from;
  const auto exchange = [&] {
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE);
  };
  if (uninterrupted(exchange) != 0) {
    if (errno != EINVAL && errno != ENOSYS) fail(to);
    old = from + ".replaced";
    rename_synced(to, old);
    rename_synced(from, to);
  }
  sync_folder_of(to);
  std::error_code error;
  std::filesystem::remove_all(old, error);
  if (error) fail_checkpoint(old, error.message());
}

bool await_name(const std::string& path) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kPatience{30};
  std::chrono::milliseconds pause{10};
  for (const auto deadline = Clock::now() + kPatience; Clock::now() < deadline;) {
    const Descriptor file = open_file(path, O_RDONLY | O_NONBLOCK);
    if (file.number() >= 0 || (errno != ENOENT && errno != ESTALE)) return true;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds(500));
    look_again_at(folder_of(folder_of(path)));
    look_again_at(folder_of(path));
  }
  return false;
}

void require_seen(const std::string& path) {
  if (await_name(path)) return;
  fail_checkpoint(path,
                  "is not seen on this host, though another one has made it; is the folder shared "
                  "by all hosts?");
}

std::size_t LargestFile::of(const std::string& folder, std::size_t bytes) {
  if (!ends_ && bytes > fits_) {
    fits_ = asked_for(folder, bytes);
    ends_ = fits_ < bytes;
  }
  return std::min(bytes, fits_);
}
void require_folder(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    fail_checkpoint(path, status.type() == std::filesystem::file_type::not_found
                              ? "there is no such folder"
                              : error.message());
  }
  if (!std::filesystem::is_directory(status)) fail_checkpoint(path, "is not a folder");
}

std::string checksum_of(Bytes bytes) {
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::array<char, 9> text;
  std::snprintf(text.data(), text.size(), "%08lx",
                ::crc32_z(::crc32_z(0, nullptr, 0), data, bytes.size()));
  return text.data();
}

}  // namespace pipetrain
