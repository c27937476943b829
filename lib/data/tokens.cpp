// Token files. llm.c (dev/data/data_common.py) begins with 256 int32: magic, version, number of
// tokens; nanoGPT (data/*/prepare.py) writes bare uint16. A file is taken for bare tokens unless it
// begins like something else.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/corpus.h"

namespace pipetrain {
namespace {

struct Format {
  const char* tokenizer;
  std::int32_t magic, version;
  int width;       // bytes per token
  int vocabulary;  // of the tokenizer
};

constexpr std::size_t kHeaderBytes = 1024;
constexpr std::array<Format, 2> kFormats = {
    {{"gpt2", 20240520, 1, 2, 50257}, {"llama3", 20240801, 7, 4, 128256}}};

[[noreturn]] void fail(const DataFile& file, const std::string& what) {
  throw Error(ExitCode::kData, "data: " + file.path() + ": " + what);
}

std::int32_t word_at(const DataFile& file, std::size_t index) {
  std::int32_t word = 0;
  if (file.size() >= 4 * (index + 1))
    file.read(4 * index, std::as_writable_bytes(std::span(&word, 1)));
  return word;
}

// llm.c's magics are dates; as two uint16 such a word begins above GPT-2's last token, so bare
// tokens do not look like it.
bool looks_like_a_date(std::int32_t word) { return word >= 20240101 && word <= 20291231; }

const Format* format_of(const DataFile& file) {
  const std::int32_t magic = word_at(file, 0), version = word_at(file, 1);
  for (const Format& format : kFormats) {
    if (magic != format.magic) continue;
    if (version != format.version) {
      fail(file, "version " + std::to_string(version) + " of magic " + std::to_string(magic) +
                     ", expected " + std::to_string(format.version));
    }
    return &format;
  }
  if (looks_like_a_date(magic)) {
    fail(file,
         "magic " + std::to_string(magic) + ", expected 20240520 (gpt2) or 20240801 (llama3)");
  }
  for (const std::string_view other : {"\x93NUMPY", "\x1f\x8b\x08", "PK\x03\x04"}) {
    std::string start(std::min(file.size(), other.size()), '\0');
    file.read(0, std::as_writable_bytes(std::span(start)));
    if (start == other) {
      fail(file,
           "begins like a NumPy, gzip or zip file, expected bare uint16 tokens or llm.c's header");
    }
  }
  return nullptr;
}

void append_with_header(Corpus& corpus, DataFile file, const Format& format) {
  const std::size_t size = file.size();
  if (size < kHeaderBytes) fail(file, "ends inside its header of 1024 bytes");
  const std::int64_t count = word_at(file, 2);
  const std::int64_t held = static_cast<std::int64_t>(size - kHeaderBytes) / format.width;
  if (count <= 0 || size - kHeaderBytes !=
                        static_cast<std::size_t>(count) * static_cast<std::size_t>(format.width)) {
    fail(file, "its header promises " + std::to_string(count) + " tokens, the file of " +
                   std::to_string(size) + " bytes holds " + std::to_string(held));
  }
  corpus.append(std::move(file), kHeaderBytes, format.width, count);
}

void append_bare(Corpus& corpus, DataFile file) {
  const std::size_t size = file.size();
  if (size % 2 != 0)
    fail(file, "has " + std::to_string(size) + " bytes, expected an even number (uint16 tokens)");
  corpus.append(std::move(file), 0, 2, static_cast<std::int64_t>(size / 2));
}

}  // namespace

Corpus open_tokens(const std::vector<std::string>& paths) {
  std::vector<DataFile> files = open_files(paths);
  const Format* const format = format_of(files.front());
  const std::string name = format == nullptr ? "tokens" : format->tokenizer;
  Corpus corpus(format == nullptr ? "uint16 tokens" : name + " tokens", {{"type", name}});
  for (DataFile& file : files) {
    if (format_of(file) != format) fail(file, "is of another format than the first file");
    if (format == nullptr) {
      append_bare(corpus, std::move(file));
    } else {
      append_with_header(corpus, std::move(file), *format);
    }
  }
  if (format != nullptr) corpus.set_vocabulary(format->vocabulary);
  return corpus;
}

}  // namespace pipetrain
