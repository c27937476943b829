// Writes a file of tokens (corpus_file.h) document by document, in bounded memory: aside, synced
// and then renamed, so that its name never stands for half a file. It must not know tokenizers.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/open_file.h"
#include "data/documents/corpus_file.h"

namespace pipetrain {

// A file that one process at a time writes: "<path>.part", locked. What one has left that was
// killed is overwritten by the next. Without locks it has a name of the process's own.
class PartFile {
 public:
  struct Part {
    std::string name;
    Descriptor file;
  };
  // `waits` is asked again and again while another process has it; where it says false,
  // Error(kData).
  PartFile(const std::string& path, const std::function<bool()>& waits);
  ~PartFile();  // what has not got its name is removed
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int number() const { return file_.number(); }
  void write(std::string_view bytes) const;
  void write_at(std::int64_t offset, std::string_view bytes) const;
  void cut_to(std::int64_t size) const;
  void finish();  // syncs it and gives it its name

 private:
  PartFile(std::string path, Part part);
  [[noreturn]] void fail() const;

  std::string path_, part_;
  Descriptor file_;
  bool finished_ = false;
};

class CorpusWriter {
 public:
  CorpusWriter(
      const std::string& path, CorpusTokens kind,
      const std::function<bool()>& waits = [] { return false; });

  // Tokens of a document, the first of which begin it. Error(kData) for one beyond the vocabulary.
  void add_part(std::span<const std::int32_t> tokens);
  // Ends it, with the token for that if there is one; a document has at least one token in all.
  void end_document();
  void drop_document();                             // what was added of it
  void add(std::span<const std::int32_t> tokens) {  // a whole one
    add_part(tokens);
    end_document();
  }
  void finish(std::string_view note);

  std::int64_t tokens() const { return tokens_; }  // with those of a document that was begun
  std::int64_t documents() const { return documents_; }

 private:
  void flush();
  void copy_starts();

  std::string path_;
  CorpusTokens kind_;
  PartFile file_;
  Descriptor starts_;                // a file without a name, for the places where documents begin
  std::string bytes_, start_bytes_;  // to be written
  std::int64_t tokens_ = 0, documents_ = 0;
  std::int64_t start_ = 0;  // where the next document begins, or one that was begun
};

}  // namespace pipetrain
