#include "train/roofline.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLeastShare = 0.001;  // of a row that people are shown

// Kinds of time in which no operation runs.
constexpr const char* kWaiting = "waiting";
constexpr const char* kRest = "rest of the step";

struct Sum {
  double calls = 0, flop = 0, bytes = 0, seconds = 0, least_seconds = 0;

  Sum& operator+=(const Sum& more) {
    calls += more.calls;
    flop += more.flop;
    bytes += more.bytes;
    seconds += more.seconds;
    least_seconds += more.least_seconds;
    return *this;
  }
};

Json ratio(double of, double to) { return to > 0 ? Json(of / to) : Json(0.0); }

void add_figures(Json& row, const Sum& sum, double all_seconds) {
  row["calls"] = sum.calls;
  row["flop"] = sum.flop;
  row["bytes"] = sum.bytes;
  row["seconds"] = sum.seconds;
  row["share"] = ratio(sum.seconds, all_seconds);
  row["gflops"] = ratio(1e-9 * sum.flop, sum.seconds);
  row["gbytes_per_second"] = ratio(1e-9 * sum.bytes, sum.seconds);
  row["least_seconds"] = sum.least_seconds;
  row["of_roof"] = sum.least_seconds > 0 ? ratio(sum.least_seconds, sum.seconds) : Json();
}

void sort_by_time(std::vector<Json>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a.at("seconds").get<double>() > b.at("seconds").get<double>();
  });
}

// In at most five places.
std::string figure(double x) {
  if (x < 9.9995) return fmt::format("{:.3f}", x);
  if (x < 99.995) return fmt::format("{:.2f}", x);
  if (x < 999.95) return fmt::format("{:.1f}", x);
  return x < 99999.5 ? fmt::format("{:.0f}", x) : fmt::format("{:.0e}", x);
}

constexpr const char* kHeads =
    "layer      operation              pass calls GFLOP    MB    ms  share GFLOP/s  GB/s  roof "
    "bound\n";

std::string line_of(const Json& row) {
  const auto number = [&](const char* key) { return row.at(key).get<double>(); };
  const auto text = [&](const char* key) { return row.value(key, ""); };
  const std::string roof =
      row.at("of_roof").is_null() ? "-" : fmt::format("{:.0f}%", 100 * number("of_roof"));
  const std::string calls =
      number("calls") < 99999.5 ? fmt::format("{:.0f}", number("calls")) : figure(number("calls"));
  const std::string line = fmt::format(
      "{:<10.10} {:<22.22} {:<4} {:>5} {:>5} {:>5} {:>5} {:>5.1f}% {:>7} {:>5} {:>5} {}",
      text("layer"), text("operation"), text("pass"), calls, figure(1e-9 * number("flop")),
      figure(1e-6 * number("bytes")), figure(1e3 * number("seconds")), 100 * number("share"),
      figure(number("gflops")), figure(number("gbytes_per_second")), roof, text("bound"));
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string counters_text(const Json& report) {
  constexpr double kLineBytes = 64;
  if (report.contains("counters_missing")) {
    return fmt::format("counters             none: {}\n",
                       report["counters_missing"].get<std::string>());
  }
  const Json& counters = report.at("counters");
  const auto number = [&](const char* key) { return counters.at(key).get<double>(); };
  return fmt::format(
      "counters             a step has {:.4g} instructions, {:.2f} a cycle, and {:.4g} cache "
      "misses "
      "({:.4g} MB)\n",
      number("instructions"), number("instructions") / number("cycles"), number("cache_misses"),
      1e-6 * kLineBytes * number("cache_misses"));
}

std::string energy_text(const Json& report) {
  if (report.contains("joules_missing")) {
    return fmt::format("energy               not known: {}\n",
                       report["joules_missing"].get<std::string>());
  }
  return fmt::format("energy               {:.4g} J a step, of all that the processors did\n",
                     report.at("joules_per_step").get<double>());
}

}  // namespace

double LeastTime::seconds() const { return std::max(compute_seconds, memory_seconds); }

const char* LeastTime::bound() const {
  if (seconds() == 0) return "-";
  return compute_seconds >= memory_seconds ? "compute" : "memory";
}

LeastTime least_time(const Work& work, const Roofs& roofs) {
  return {work.flop / roofs.flops(work.dtype), work.bytes / roofs.bytes_per_second};
}

void add_rows(std::vector<WorkRow>& sum, const std::vector<WorkRow>& more) {
  const auto key = [](const WorkRow& row) {
    return std::tie(row.place.layer, row.place.pass, row.work.operation);
  };
  for (const WorkRow& row : more) {
    const auto same = std::find_if(sum.begin(), sum.end(),
                                   [&](const WorkRow& other) { return key(other) == key(row); });
    if (same == sum.end()) {
      sum.push_back(row);
      continue;
    }
    same->work.flop += row.work.flop;
    same->work.bytes += row.work.bytes;
    same->calls += row.calls;
    same->seconds += row.seconds;
  }
}

Json roofline_report(const MeasuredStep& step, const Roofs& roofs) {
  const double all_seconds = step.seconds * step.ranks;
  std::vector<Json> rows, kinds;
  std::map<WorkKind, Sum> of_kinds;
  double inside = step.waiting_seconds;
  for (const WorkRow& row : step.rows) {
    const LeastTime least = least_time(row.work, roofs);
    const Sum sum{row.calls, row.work.flop, row.work.bytes, row.seconds, least.seconds()};
    of_kinds[row.work.kind] += sum;
    inside += row.seconds;
    Json& made = rows.emplace_back(Json{{"layer", row.place.layer},
                                        {"operation", row.work.operation},
                                        {"pass", row.place.pass},
                                        {"kind", name_of(kWorkKinds, row.work.kind)}});
    add_figures(made, sum, all_seconds);
    made["bound"] = least.bound();
  }
  const auto add_kind = [&](const std::string& name, const Sum& sum) {
    add_figures(kinds.emplace_back(Json{{"operation", name}}), sum, all_seconds);
  };
  for (const auto& [kind, sum] : of_kinds) add_kind(name_of(kWorkKinds, kind), sum);
  add_kind(kWaiting, {.seconds = step.waiting_seconds});
  add_kind(kRest, {.seconds = all_seconds - inside});
  sort_by_time(rows);
  sort_by_time(kinds);
  return {
      {"roofs",
       {{"float32_gflops", 1e-9 * roofs.float32_flops},
        {"bfloat16_gflops", roofs.bfloat16_flops > 0 ? Json(1e-9 * roofs.bfloat16_flops) : Json()},
        {"memory_gbytes_per_second", 1e-9 * roofs.bytes_per_second}}},
      {"ranks", step.ranks},
      {"step_seconds", step.seconds},
      {"rows", rows},
      {"kinds", kinds}};
}

std::string roofline_text(const Json& report) {
  const Json& roofs = report.at("roofs");
  const int ranks = report.at("ranks");
  const Json& bfloat16 = roofs.at("bfloat16_gflops");
  std::string text = fmt::format(
      "\nroofline             one step of {:.2f} ms; calls, FLOP, bytes and ms are sums over {} "
      "rank{}\nroofs                {:.1f} GFLOP/s float32, {}{:.1f} GB/s memory{}\n\n",
      1e3 * report.at("step_seconds").get<double>(), ranks, ranks == 1 ? "" : "s",
      roofs.at("float32_gflops").get<double>(),
      bfloat16.is_null() ? "" : fmt::format("{:.1f} bfloat16, ", bfloat16.get<double>()),
      roofs.at("memory_gbytes_per_second").get<double>(), ranks == 1 ? "" : ", of one rank");
  text += kHeads;
  for (const Json& kind : report.at("kinds")) {
    Json row = kind;
    row["layer"] = "all";
    text += line_of(row);
  }
  text += "\n";
  int hidden = 0;
  double hidden_share = 0;
  for (const Json& row : report.at("rows")) {
    const double share = row.at("share");
    if (share >= kLeastShare) {
      text += line_of(row);
    } else {
      ++hidden;
      hidden_share += share;
    }
  }
  if (hidden > 0) {
    text += fmt::format("{} rows of less than {:.1f}% each, together {:.1f}%: see --format json\n",
                        hidden, 100 * kLeastShare, 100 * hidden_share);
  }
  return text + counters_text(report) + energy_text(report);
}

}  // namespace pipetrain
