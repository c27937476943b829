// Keeps a second process out of a folder, by a file in it: locked, or where the file system has no
// locks, written anew again and again. It must not know what is in the folder.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace pipetrain {

class FolderLock {
 public:
  // Takes the file, and makes it if there is none. A process that holds it gets `patience` to end.
  // Null if it is still held then, or with errno if the file cannot be written.
  static std::unique_ptr<FolderLock> take(const std::string& path, std::chrono::seconds patience);
  ~FolderLock();  // it is free again, as it is however this process ends
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // Why the file system does not lock, "No locks available"; empty: it does.
  const std::string& why_no_lock() const { return why_no_lock_; }

 private:
  explicit FolderLock(int file) : file_(file) {}
  FolderLock(std::string path, std::string record, std::string why_no_lock);
  static std::unique_ptr<FolderLock> take_without_locks(const std::string& path,
                                                        std::chrono::seconds patience,
                                                        const std::string& why);
  void beat(const std::stop_token& end);

  int file_ = -1;
  std::string path_, record_, why_no_lock_;
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::jthread heart_;  // the last member: it ends before the others
};

// Which file a path leads to, for a look later whether it still does: else that was removed, moved
// or replaced, or the folder that it is in. A file that someone has open is not taken for another.
class FileMark {
 public:
  explicit FileMark(std::string path);
  bool in_place() const;

 private:
  std::string path_;
  std::uint64_t device_ = 0, inode_ = 0;  // 0: it cannot be looked at
};

// Whether a process holds the file, as far as that shows. Nothing is written.
bool is_held(const std::string& path);

}  // namespace pipetrain
