// Emulations one after the other on the same ranks, each with a time limit that goes by its
// schedule. It must not know MPI: how ranks are linked is told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "comm/stage_numbers.h"
#include "comm/wait.h"
#include "emulate/emulate.h"

namespace pipetrain {

// How ranks are linked. What is made is made by all of them together.
struct EmulationLinks {
  MemoryPool& pool;  // of all messages
  std::function<std::unique_ptr<Mailbox>(const WaitOptions& wait, StageNumbers stages)> mailbox;
  // The mailbox may be null.
  std::function<std::unique_ptr<Collective>(const WaitOptions& wait, Mailbox* mailbox)> collective;
  // Error(kConfiguration) for a message beyond what can be named.
  std::function<void(const Message& message, StageNumbers stages)> check_name;
};

class Emulator {
 public:
  // `host` is this rank's.
  Emulator(EmulationLinks links, std::string host, bool oversubscribed,
           const EmulationOptions& options);

  // The next run() writes what its ranks did into this file, as schedule/trace/chrome_trace.h does.
  void trace_into(const std::string& path) { trace_path_ = path; }

  std::unique_ptr<Collective> collective() const { return links_.collective(wait_, nullptr); }

  // Error(kConfiguration) for a schedule of more microbatches than messages can name; one without
  // ranks is none.
  void check_microbatches(const Schedule& schedule) const;

  // From now on messages are of this size, and the rank has one thread. Returns how long one takes.
  double measure_messages(std::int64_t bytes);

  // As emulation_json. Error(kConfiguration) on all ranks if a trace cannot be written.
  nlohmann::ordered_json run(const std::string& name, const Schedule& schedule, const Costs& costs);

 private:
  // The mailbox, slowed down to the costs' links; null if they have none. Collective.
  std::unique_ptr<Mailbox> emulated_links(const Placement& placement, const Costs& costs,
                                          const std::vector<std::string>& hosts, Mailbox& mailbox,
                                          Collective& collective) const;
  void write_trace(const std::string& name, const Emulation& emulation) const;

  EmulationLinks links_;
  std::string host_;
  WaitOptions wait_;
  EmulationOptions emulation_;
  std::string trace_path_;  // empty: none is wanted any more
};

}  // namespace pipetrain
