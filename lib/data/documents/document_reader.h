// The documents of many files one after the other, as they lie there, in bounded memory: a text
// that is a whole file comes in parts. It must not know what is in them: document_text.h does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/byte_stream.h"
#include "data/data_file.h"
#include "data/documents/document_files.h"

namespace pipetrain {

inline constexpr std::size_t kMostDocumentBytes = std::size_t{1} << 30;  // of what is not cut
inline constexpr std::size_t kPartBytes = std::size_t{1} << 18;          // of a text; rarely more

struct RawDocument {
  std::string bytes;      // a line of JSON, or a part of a text and some of what follows it
  std::size_t ahead = 0;  // bytes at the end that are of the next part
  bool begins = true, ends = true;  // the document begins, or ends, with it
  const DocumentFile* file = nullptr;
  std::int64_t line = 0;    // from 1 on; of a whole file 0
  std::int64_t offset = 0;  // the byte of the unpacked file at which it begins
  bool too_long = false;    // a line beyond kMostDocumentBytes, and `bytes` is empty
};

// "a.jsonl: line 3 (byte 120)"
std::string place_of(const RawDocument& document);

class DocumentReader {
 public:
  explicit DocumentReader(std::vector<DocumentFile> files, std::size_t part_bytes = kPartBytes);
  DocumentReader(const DocumentReader&) = delete;

  // Nothing at the end. Empty files and blank lines are no documents. Error(kData) where a file
  // cannot be read or unpacked.
  std::optional<RawDocument> next();
  std::int64_t bytes_done() const { return done_ + (stream_ ? stream_taken() : 0); }
  std::int64_t bytes() const { return all_; }  // of all files, as they are

 private:
  void open(const DocumentFile& file);
  std::int64_t stream_taken() const { return static_cast<std::int64_t>(stream_->taken()); }
  bool fill();
  std::size_t take_line(RawDocument& document);
  std::optional<RawDocument> next_line();
  std::optional<RawDocument> next_part();
  bool read_text(std::size_t size);

  std::vector<DocumentFile> files_;
  std::size_t part_bytes_;
  std::size_t opened_ = 0;  // files, the last of them is being read
  std::optional<DataFile> file_;
  std::unique_ptr<ByteStream> stream_;
  std::vector<std::byte> piece_;        // of the unpacked file
  std::size_t held_ = 0, at_ = 0;       // bytes in the piece, and how many of them are done with
  std::string text_;                    // of a text: what was read and not given
  bool begins_ = false;                 // nothing was given of this text
  std::int64_t offset_ = 0, line_ = 0;  // of what comes next
  std::int64_t done_ = 0, all_ = 0;     // bytes of files
};

}  // namespace pipetrain
