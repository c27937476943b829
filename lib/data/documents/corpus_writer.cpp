#include "data/documents/corpus_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "base/uninterrupted.h"
#include "data/data_file.h"

namespace pipetrain {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

std::string_view bytes_of(const void* value, std::size_t size) {
  return {static_cast<const char*>(value), size};
}

// The lowest byte first.
template <class Stored>
void append_as(std::span<const std::int32_t> tokens, std::string& bytes) {
  std::size_t at = bytes.size();
  bytes.resize(at + tokens.size() * sizeof(Stored));
  for (const std::int32_t token : tokens) {
    const auto stored = static_cast<Stored>(token);
    std::memcpy(bytes.data() + at, &stored, sizeof stored);
    at += sizeof stored;
  }
}

using Part = PartFile::Part;

// Whether the open file is what the name stands for: another process may have renamed it while
// this one waited.
bool is_named(int file, const std::string& name) {
  struct stat here = {}, there = {};
  return ::fstat(file, &here) == 0 && ::stat(name.c_str(), &there) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

// Where a file system has no locks, each process writes a file of its own: who comes later replaces
// what is the same.
Part own_part(const std::string& path) {
  std::array<char, 128> host = {};
  ::gethostname(host.data(), host.size() - 1);
  std::string name = path + "-" + host.data() + "-" + std::to_string(::getpid());
  Descriptor file = open_file(name, O_RDWR | O_CREAT | O_TRUNC);
  if (file.number() < 0) fail_data(system_reason(name));
  return {std::move(name), std::move(file)};
}

Part lock_file(const std::string& name, const std::function<bool()>& waits) {
  constexpr std::chrono::milliseconds kPause{50};
  while (true) {
    Descriptor file = open_file(name, O_RDWR | O_CREAT);
    if (file.number() < 0) fail_data(system_reason(name));
    const int locked = uninterrupted([&] { return ::flock(file.number(), LOCK_EX | LOCK_NB); });
    if (locked != 0 && errno != EWOULDBLOCK) {
      ::unlink(name.c_str());  // nobody's, as nobody can lock it
      return own_part(name);
    }
    if (locked != 0) {
      if (!waits())
        fail_data(name + ": another process writes it; wait for it, or write elsewhere");
    } else if (is_named(file.number(), name)) {
      if (uninterrupted([&] { return ::ftruncate(file.number(), 0); }) != 0) {
        fail_data(system_reason(name));
      }
      return {name, std::move(file)};
    }
    std::this_thread::sleep_for(kPause);
  }
}

Descriptor unnamed_file(const std::string& folder) {
  std::string name = folder + "/.pipetrain-XXXXXX";
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.number() < 0) fail_data(system_reason(folder));
  ::unlink(name.c_str());
  return file;
}

}  // namespace

PartFile::PartFile(const std::string& path, const std::function<bool()>& waits)
    : PartFile(path, lock_file(path + ".part", waits)) {}

PartFile::PartFile(std::string path, Part part)
    : path_(std::move(path)), part_(std::move(part.name)), file_(std::move(part.file)) {}

PartFile::~PartFile() {
  if (!finished_) ::unlink(part_.c_str());
}

void PartFile::fail() const {
  const bool too_large = errno == EFBIG;
  fail_data(system_reason(part_) +
            (too_large ? "; write to another file system (data.cache, or --output)" : ""));
}

void PartFile::write(std::string_view bytes) const {
  if (!write_all(file_.number(), bytes)) fail();
}

void PartFile::write_at(std::int64_t offset, std::string_view bytes) const {
  if (::lseek(file_.number(), offset, SEEK_SET) < 0) fail();
  write(bytes);
}

void PartFile::cut_to(std::int64_t size) const {
  const auto cut = [&] { return ::ftruncate(file_.number(), size); };
  if (uninterrupted(cut) != 0 || ::lseek(file_.number(), size, SEEK_SET) < 0) fail();
}

void PartFile::finish() {
  if (!file_.sync()) fail();
  if (uninterrupted([&] { return std::rename(part_.c_str(), path_.c_str()); }) != 0) fail();
  finished_ = true;
  if (!sync_folder(folder_of(path_))) fail_data(system_reason(folder_of(path_)));
}

CorpusWriter::CorpusWriter(const std::string& path, CorpusTokens kind,
                           const std::function<bool()>& waits)
    : path_(path),
      kind_(std::move(kind)),
      file_(path, waits),
      starts_(unnamed_file(folder_of(path))),
      bytes_(sizeof(CorpusHeader), '\0') {}

void CorpusWriter::add_part(std::span<const std::int32_t> tokens) {
  const auto beyond = std::ranges::find_if(tokens, [&](std::int32_t token) {
    return static_cast<std::uint32_t>(token) >= kind_.vocabulary;  // or negative
  });
  if (beyond != tokens.end()) {
    fail_data(path_ + ": token " + std::to_string(*beyond) + " of document " +
              std::to_string(documents_) + " is beyond the tokenizer's vocabulary of " +
              std::to_string(kind_.vocabulary));
  }
  if (kind_.width() == 2) {
    append_as<std::uint16_t>(tokens, bytes_);
  } else {
    append_as<std::uint32_t>(tokens, bytes_);
  }
  tokens_ += static_cast<std::int64_t>(tokens.size());
  if (bytes_.size() + start_bytes_.size() >= kBufferBytes) flush();
}

void CorpusWriter::end_document() {
  if (kind_.end_of_text >= 0) {
    const auto end = static_cast<std::int32_t>(kind_.end_of_text);
    add_part({&end, 1});
  }
  if (tokens_ == start_) return;
  start_bytes_ += bytes_of(&start_, sizeof start_);
  start_ = tokens_;
  ++documents_;
}

void CorpusWriter::drop_document() {
  const auto width = static_cast<std::size_t>(kind_.width());
  const std::size_t bytes = static_cast<std::size_t>(tokens_ - start_) * width;
  tokens_ = start_;
  if (bytes <= bytes_.size()) {
    bytes_.resize(bytes_.size() - bytes);
    return;
  }
  flush();
  file_.cut_to(
      static_cast<std::int64_t>(sizeof(CorpusHeader) + static_cast<std::size_t>(start_) * width));
}

void CorpusWriter::flush() {
  file_.write(bytes_);
  bytes_.clear();
  if (!write_all(starts_.number(), start_bytes_)) fail_data(system_reason(folder_of(path_)));
  start_bytes_.clear();
}

void CorpusWriter::copy_starts() {
  std::string piece(kBufferBytes, '\0');
  const auto size = static_cast<off_t>(documents_) * static_cast<off_t>(sizeof(std::uint64_t));
  for (off_t at = 0; at < size;) {
    const ssize_t count = ::pread(starts_.number(), piece.data(), piece.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_data(system_reason(folder_of(path_)));
    file_.write(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
    at += count;
  }
}

void CorpusWriter::finish(std::string_view note) {
  flush();
  copy_starts();
  file_.write(note);
  CorpusHeader header{.width = static_cast<std::uint32_t>(kind_.width()),
                      .tokens = static_cast<std::uint64_t>(tokens_),
                      .documents = static_cast<std::uint64_t>(documents_),
                      .note_bytes = note.size(),
                      .vocabulary = kind_.vocabulary,
                      .end_of_text = kind_.end_of_text};
  std::ranges::copy(kind_.tokenizer.substr(0, header.tokenizer.size() - 1),
                    header.tokenizer.begin());
  header.checksum = checksum_of(header);
  file_.write_at(0, bytes_of(&header, sizeof header));
  file_.finish();
}

}  // namespace pipetrain
