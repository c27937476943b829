// Measures what planning weighs: layers, optimizer, reading and messages, while as many copies work
// at once as ranks will share this machine. It must not know candidates, MPI or how plans are
// ranked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "config/config.h"
#include "data/source.h"
#include "nn/layers/model.h"
#include "ops/team.h"
#include "pipeline/measure/rank_seconds.h"
#include "plan/planner.h"
#include "schedule/simulate/network.h"
#include "setup/world.h"

namespace pipetrain {

// Work that all copies do at the same time. `together` waits for the others, `first` says whether
// to keep what is the same for all; what it returns is averaged over the copies.
using SharedWork =
    std::function<std::vector<double>(const std::function<void()>& together, bool first)>;

// Who measures: threads of this process that stand for ranks, or real ranks.
class Crew {
 public:
  virtual ~Crew() = default;
  virtual std::vector<double> mean(const SharedWork& work) = 0;
  virtual double agreed(double rank_zeros) = 0;  // rank 0's value on every rank
  // What the probe takes on each rank; nothing where there are no ranks.
  virtual std::vector<double> rank_seconds(const SpeedProbe&) { return {}; }
  // What links the ranks, where they are on several hosts; messages of `bytes` are timed.
  virtual std::shared_ptr<const Network> links(std::int64_t) { return nullptr; }
  // Fills in how many work at once, and what a message of `bytes` costs.
  virtual void describe(MachineProfile& machine, std::int64_t bytes) = 0;
};

// `copies` threads of `threads` OpenMP threads each; messages are estimated by copying in memory.
class ThreadCrew final : public Crew {
 public:
  ThreadCrew(int copies, int threads) : copies_(copies), threads_(threads) {}
  std::vector<double> mean(const SharedWork& work) override;
  double agreed(double rank_zeros) override { return rank_zeros; }
  void describe(MachineProfile& machine, std::int64_t bytes) override;

 private:
  int copies_, threads_;
};

// Of one process that has so many cores and plans for so many ranks: as many copies at once as
// those cores could run of them, with the threads that a rank would have.
ThreadCrew thread_crew(int cores, int ranks, const AskedThreads& asked = asked_threads());

// All ranks of the collective, which call everything together; messages go between ranks 0 and 1,
// and where there are several hosts, between the first neighbours on one and on two.
class RankCrew final : public Crew {
 public:
  RankCrew(Collective& collective, Mailbox& mailbox, MemoryPool& pool, const World& world)
      : collective_(collective), mailbox_(mailbox), pool_(pool), world_(world) {}
  std::vector<double> mean(const SharedWork& work) override;
  double agreed(double rank_zeros) override;
  std::vector<double> rank_seconds(const SpeedProbe& asked) override;
  std::shared_ptr<const Network> links(std::int64_t bytes) override;
  void describe(MachineProfile& machine, std::int64_t bytes) override;

 private:
  double message_seconds(int left, std::int64_t bytes);
  LinkRate link_rate(int left, std::int64_t bytes);

  Collective& collective_;
  Mailbox& mailbox_;
  MemoryPool& pool_;
  const World& world_;
};

// The links as they are told; the ranks' speeds too, or by the costliest of the layers on each
// rank, if it is the crew's ranks that are planned for. inputs.model is measured at `rows` rows.
void set_network(PlanInputs& inputs, const PlanRequest& request,
                 const std::vector<std::unique_ptr<Layer>>& layers, std::int64_t rows, Crew& crew);

// `source` on rank 0, null elsewhere. Microbatches of the sizes that `request` asks for are
// measured in their order while `seconds` last, at least two of them.
PlanInputs measure_plan_inputs(const Config& config, const DataShape& data, const Source* source,
                               const PlanRequest& request, Crew& crew, double seconds);

}  // namespace pipetrain
