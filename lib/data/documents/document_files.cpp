#include "data/documents/document_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "data/data_file.h"
#include "data/data_files.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

// The name without the ending of what packed it.
std::string_view unpacked_name(std::string_view name) {
  for (const std::string_view ending : {".gz", ".zst"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

bool holds_lines(std::string_view name) {
  const std::string_view plain = unpacked_name(name);
  return plain.ends_with(".jsonl") || plain.ends_with(".ndjson");
}

bool belongs(std::string_view name, DocumentForm form) {
  return (form != DocumentForm::kTexts && holds_lines(name)) ||
         (form != DocumentForm::kLines && unpacked_name(name).ends_with(".txt"));
}

std::vector<std::string> files_below(const std::string& folder, DocumentForm form) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    std::error_code unknown;
    const bool is_folder = at->is_directory(unknown);
    if (name.starts_with('.')) {
      if (is_folder) at.disable_recursion_pending();
    } else if (!is_folder && belongs(name, form)) {
      files.push_back(at->path());
    }
  }
  if (error) fail_data(folder + ": " + error.message());
  if (files.empty()) {
    const std::string names = form == DocumentForm::kLines   ? "*.jsonl"
                              : form == DocumentForm::kTexts ? "*.txt"
                                                             : "*.jsonl or *.txt";
    fail_data(folder + ": has no file like " + names + ", plain or packed (.gz, .zst)");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<DocumentFile> list_documents(const std::vector<std::string>& paths, DocumentForm form) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    for (const std::string& name : names_of_glob(path)) {
      std::error_code unreadable;  // opening it says why
      if (!fs::is_directory(name, unreadable)) {
        names.push_back(name);
        continue;
      }
      for (const std::string& file : files_below(name, form)) names.push_back(file);
    }
  }
  const std::set<std::string_view> all(names.begin(), names.end());
  std::vector<DocumentFile> files;
  for (const std::string& name : names) {
    const std::string_view plain = unpacked_name(name);
    if (plain.size() < name.size() && all.contains(plain)) continue;
    const bool lines =
        form == DocumentForm::kByName ? holds_lines(name) : form == DocumentForm::kLines;
    files.push_back({name, lines});
  }
  return files;
}

}  // namespace pipetrain
