#include "train/roofline_meter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

std::string written(const std::vector<WorkRow>& rows) {
  Json all = Json::array();
  for (const auto& [place, work, calls, seconds] : rows) {
    all.push_back({place.layer, place.pass, work.operation, work.kind, work.dtype, work.flop,
                   work.bytes, calls, seconds});
  }
  return all.dump();
}

std::vector<WorkRow> read(const std::string& text) {
  std::vector<WorkRow> rows;
  for (const Json& row : Json::parse(text)) {
    rows.push_back({.place = {row[0], row[1]},
                    .work = {row[2], row[3], row[5], row[6], row[4]},
                    .calls = row[7],
                    .seconds = row[8]});
  }
  return rows;
}

// Whether no rank before it is on its host.
bool is_first_on_host(const World& world) {
  const auto begin = world.places.begin(), mine = begin + world.rank;
  return std::none_of(begin, mine, [&](const RankPlace& p) { return p.host == mine->host; });
}

// The first text that is not empty, the same on every rank.
std::string first_of(const std::string& mine, Collective& collective) {
  for (const std::string& text : collective.all_gather_text(mine)) {
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

RooflineMeter::RooflineMeter(PipelineRank& pipeline, const World& world)
    : pipeline_(pipeline), first_on_host_(is_first_on_host(world)) {}

void RooflineMeter::log_into(WorkLog* log) {
  for (std::size_t v = 0; v < pipeline_.versions.count(); ++v) {
    pipeline_.versions[v].ops().set_work_log(log);
  }
}

void RooflineMeter::begin_step() {
  log_into(&log_);
  energy_.take_joules();
  counters_.start();
  begun_ = wall_seconds();
}

void RooflineMeter::end_step() {
  seconds_ += wall_seconds() - begun_;
  counters_.stop();
  joules_ += energy_.take_joules();
  log_into(nullptr);
  ++steps_;
  for (const Span& span : pipeline_.runner.recorder().spans()) {
    if (span.waiting) waiting_seconds_ += span.end - span.start;
  }
}

Json RooflineMeter::report(const Roofs& roofs, Collective& collective) const {
  MeasuredStep step{.ranks = collective.size()};
  for (const std::string& text : collective.all_gather_text(written(log_.rows()))) {
    add_rows(step.rows, read(text));
  }
  for (WorkRow& row : step.rows) {
    for (double* figure : {&row.work.flop, &row.work.bytes, &row.calls, &row.seconds}) {
      *figure /= steps_;
    }
  }
  const auto [instructions, cycles, misses] = counters_.counts();
  std::array<double, 6> sums = {seconds_, waiting_seconds_, instructions,
                                cycles,   misses,           first_on_host_ ? joules_ : 0};
  for (double& sum : sums) sum /= steps_;
  collective.all_reduce(std::span<double>(sums));
  step.seconds = sums[0] / step.ranks;
  step.waiting_seconds = sums[1];

  Json report = roofline_report(step, roofs);
  const std::string no_counters = first_of(counters_.missing(), collective);
  if (no_counters.empty()) {
    report["counters"] = {
        {"instructions", sums[2]}, {"cycles", sums[3]}, {"cache_misses", sums[4]}};
  } else {
    report["counters_missing"] = no_counters;
  }
  const std::string no_joules = first_of(energy_.missing(), collective);
  if (no_joules.empty()) {
    report["joules_per_step"] = sums[5];
  } else {
    report["joules_missing"] = no_joules;
  }
  return report;
}

}  // namespace pipetrain
