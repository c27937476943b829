// What a start would cut or replace in a run directory goes aside: into the folder `set-aside`
// beside it, and all of one start under one number. It must not know what is in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pipetrain {

class SetAside {
 public:
  // Of a run directory and the `checkpoints` in it. The number is the first that nothing in their
  // folders has; none is made before something goes there.
  explicit SetAside(const std::string& run);

  // Moves a file or folder of one of the two: metrics.jsonl becomes set-aside/metrics.jsonl, at the
  // second start set-aside/metrics.2.jsonl. Error(kCheckpoint) if that cannot be.
  void take(const std::filesystem::path& path);

  // Where they are now, below the run directory.
  const std::vector<std::string>& taken() const { return taken_; }

 private:
  std::filesystem::path run_;
  int number_ = 1;
  std::vector<std::string> taken_;
};

}  // namespace pipetrain
