#include "emulate/emulator.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "comm/agree.h"
#include "emulate/delayed_mailbox.h"
#include "emulate/emulation_report.h"
#include "ops/team.h"
#include "pipeline/message_numbers.h"
#include "schedule/simulate/network.h"
#include "schedule/trace/chrome_trace.h"

namespace pipetrain {
namespace {

// Ranks that only wait leave the cores free, and a late message would count as bubble.
constexpr std::chrono::microseconds kLongestNap{50};
constexpr double kTimeoutSeconds = 600;  // beyond what the step should take
// What is really sent where links are emulated: their bandwidth counts, not this machine's.
constexpr std::int64_t kMostLinkBytes = 1024;

}  // namespace

Emulator::Emulator(EmulationLinks links, std::string host, bool oversubscribed,
                   const EmulationOptions& options)
    : links_(std::move(links)),
      host_(std::move(host)),
      wait_{kTimeoutSeconds, oversubscribed, kLongestNap},
      emulation_(options) {}

// A microbatch's number is part of its messages' names.
void Emulator::check_microbatches(const Schedule& schedule) const {
  if (schedule.ranks.empty()) return;
  links_.check_name({.stage = schedule.stage_count() - 1, .microbatch = schedule.all_slices() - 1},
                    stage_numbers(schedule.placement));
}

double Emulator::measure_messages(std::int64_t bytes) {
  settle_team(1);
  emulation_.message_bytes = bytes;
  const auto mailbox = links_.mailbox(wait_, {});
  const auto collective = links_.collective(wait_, mailbox.get());
  return measure_message_seconds(bytes, *mailbox, *collective, links_.pool);
}

nlohmann::ordered_json Emulator::run(const std::string& name, const Schedule& schedule,
                                     const Costs& given) {
  const Costs costs = at_rank_speeds(given, schedule.placement);
  WaitOptions wait = wait_;
  wait.timeout_seconds += simulate(schedule, costs).makespan();
  const auto mailbox = links_.mailbox(wait, stage_numbers(schedule.placement));
  const auto collective = links_.collective(wait, mailbox.get());
  const std::vector<std::string> hosts = collective->all_gather_text(host_);
  emulation_.trace = !trace_path_.empty();
  if (schedule.cuts_vocabulary() && costs.network && costs.network->has_links) {
    throw Error(
        ExitCode::kConfiguration,
        "--links delays messages from stage to stage, found a vocabulary over the pipeline, "
        "whose messages go to all ranks; leave one out, or take pipetrain schedule");
  }
  if (schedule.cuts_vocabulary() && emulation_.between == StepRule::kDelayed) {
    throw Error(ExitCode::kConfiguration,
                "--between-steps delay lets steps overlap, found a vocabulary over the pipeline, "
                "whose look-ups all ranks run in one order; leave one out");
  }
  const auto links = emulated_links(schedule.placement, costs_of_slice(costs, schedule.slices),
                                    hosts, *mailbox, *collective);
  EmulationOptions options = emulation_;
  if (links) {
    options.message_bytes =
        std::clamp(options.message_bytes, DelayedMailbox::kLeastBytes, kMostLinkBytes);
  }
  const Emulation result =
      emulate(schedule, costs, options, hosts, links ? *links : *mailbox, *collective, links_.pool);
  agree(*collective, [&] {
    if (collective->rank() == 0 && emulation_.trace) write_trace(name, result);
  });
  trace_path_.clear();
  return emulation_json(name, schedule, given, emulation_, result);
}

std::unique_ptr<Mailbox> Emulator::emulated_links(const Placement& placement, const Costs& costs,
                                                  const std::vector<std::string>& hosts,
                                                  Mailbox& mailbox, Collective& collective) const {
  if (!costs.network || !costs.network->has_links) return nullptr;
  agree(collective, [&] {
    if (std::ranges::adjacent_find(hosts, std::not_equal_to()) != hosts.end()) {
      throw Error(ExitCode::kConfiguration,
                  "--links: ranks that emulate a network must share a host, found hosts " +
                      hosts.front() + " and others; start them on one");
    }
    if (emulation_.between) check_own_links(costs, placement);
  });
  return std::make_unique<DelayedMailbox>(mailbox, ways_from(mailbox.rank(), costs, placement),
                                          collective);
}

void Emulator::write_trace(const std::string& name, const Emulation& emulation) const {
  ChromeTrace trace("pipetrain emulate, " + name);
  for (const TracedStep& step : emulation.trace) trace.add(step);
  if (write_renamed(trace_path_, trace.text())) return;
  throw Error(ExitCode::kConfiguration,
              "cannot write " + system_reason(trace_path_) + "; choose another file for --trace");
}

}  // namespace pipetrain
