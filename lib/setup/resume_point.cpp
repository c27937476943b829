#include "setup/resume_point.h"

#include "base/error.h"
#include "checkpoint/checkpoint_list.h"
#include "comm/agree.h"

namespace pipetrain {
namespace {

void look(const ResumeRequest& request, const std::string& run_directory, ResumePoint& found) {
  if (!request.folder.empty()) {
    open_checkpoint(request.folder).verify();
    found.folder = request.folder;
    return;
  }
  const std::string checkpoints = run_directory + "/checkpoints";
  const auto newest = newest_good_checkpoint(
      checkpoints, [&](const std::string& why) { found.refused.push_back(why); });
  if (newest) found.folder = *newest;
  if (!newest && !found.refused.empty()) {
    throw Error(ExitCode::kCheckpoint, found.refused.front() + "; no older checkpoint in " +
                                           checkpoints +
                                           " is good; move them away to start from the beginning");
  }
}

}  // namespace

ResumePoint find_resume_point(const ResumeRequest& request, const std::string& run_directory,
                              Collective& world) {
  ResumePoint found;
  if (!request.asked) return found;
  agree(world, [&] {
    if (world.rank() == 0) look(request, run_directory, found);
  });
  found.folder = world.all_gather_text(found.folder).front();
  agree(world, [&] {
    if (found.folder.empty()) return;
    const Checkpoint checkpoint = await_checkpoint(found.folder);
    found.position = checkpoint.position();
    if (checkpoint.config_yaml().empty()) return;  // of weights that no run has written
    found.config = load_config(found.folder + "/config.yaml");
  });
  return found;
}

}  // namespace pipetrain
