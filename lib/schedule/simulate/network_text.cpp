#include "schedule/simulate/network_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "schedule/simulate/figures.h"
#include "schedule/table_file.h"

namespace pipetrain {
namespace {

using Json = nlohmann::json;

constexpr int kMostRanks = 1 << 20;
constexpr double kMostSeconds = 1e6, kLeastBandwidth = 1, kMostBandwidth = 1e15;
constexpr double kLeastSpeed = 1e-6, kMostSpeed = 1e6;

[[noreturn]] void refuse_text(const std::string& where, std::string_view found,
                              const std::string& expected) {
  throw Error(ExitCode::kConfiguration,
              where + ": found '" + printable(found) + "', expected " + expected);
}

struct Unit {
  std::string_view name;
  double factor = 1;
};
constexpr Unit kTimes[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
constexpr Unit kBandwidths[] = {{"kB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"B/s", 1}};

// "20us" of kTimes is 2e-5; of units that end alike the first counts.
std::optional<double> amount_in(std::string_view text, std::span<const Unit> units) {
  const auto unit =
      std::ranges::find_if(units, [&](const Unit& each) { return text.ends_with(each.name); });
  if (unit == units.end()) return std::nullopt;
  text.remove_suffix(unit->name.size());
  const auto number = parse_number<double>(content_of(text));
  return number ? std::optional(*number * unit->factor) : std::nullopt;
}

int whole_number(std::string_view text, int least, const std::string& where) {
  const auto number = parse_number<int>(content_of(text));
  if (number && *number >= least && *number < kMostRanks) return *number;
  refuse_text(where, text, "a whole number from " + std::to_string(least) + " on");
}

// "within=...,between=...,hosts=...".
void read_words(const std::string& text, Network& network) {
  std::set<std::string_view> names;
  for_each_part(text, ',', [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    const std::string_view name = content_of(part.substr(0, equals));
    if (!names.insert(name).second) refuse_text("--links", text, "each of its words once");
    const auto value = [&] { return part.substr(equals + 1); };
    const std::string where = "--links: " + std::string(name);
    if (equals != std::string_view::npos && name == "within") {
      network.within = parse_link_rate(value(), where);
    } else if (equals != std::string_view::npos && name == "between") {
      network.between = parse_link_rate(value(), where);
    } else if (equals != std::string_view::npos && name == "hosts") {
      network.hosts = whole_number(value(), 1, where);
    } else {
      refuse_text("--links", part,
                  "within=RATE, between=RATE and hosts=N between commas, or a file");
    }
  });
}

void read_pairs(const std::string& text, const std::string& file, Network& network) {
  std::map<std::pair<int, int>, Network::Link> backwards;
  for_each_row(text, [&](std::string_view row, int line) {
    const std::string where = file + ": row " + std::to_string(line);
    std::vector<std::string_view> cells;
    for_each_part(row, ',', [&](std::string_view cell) { cells.push_back(content_of(cell)); });
    if (cells.size() != 3 && cells.size() != 4) {
      refuse_text(where, row, "FROM,TO,RATE or FROM,TO,RATE,NAME, such as 0,1,20us+1GB/s");
    }
    const int from = whole_number(cells[0], 0, where), to = whole_number(cells[1], 0, where);
    if (from == to) refuse_text(where, row, "two ranks: a rank sends itself nothing");
    const Network::Link link{parse_link_rate(cells[2], where),
                             std::string(cells.size() == 4 ? cells[3] : "")};
    if (!network.pairs.emplace(std::pair(from, to), link).second) {
      refuse_text(where, row, "each pair once");
    }
    backwards.emplace(std::pair(to, from), link);
  });
  if (network.pairs.empty()) throw Error(ExitCode::kConfiguration, file + ": found no rows");
  network.pairs.merge(backwards);
}

struct DoctorRank {
  std::string host;
  double latency = 0, bytes_per_second = 0;  // to the next rank
  double flops = 0;
};

// `else_expected` is what else could stand in that file's place.
std::vector<DoctorRank> doctor_ranks(const std::string& text, const std::string& file,
                                     const std::string& else_expected) {
  std::vector<DoctorRank> ranks;
  try {
    const Json json = Json::parse(text);
    for (const Json& rank : json.at("ranks")) {
      ranks.push_back({rank.at("host"), rank.at("next_latency_seconds"),
                       rank.at("next_bytes_per_second"), rank.at("product_flops")});
    }
  } catch (const Json::exception&) {
    ranks.clear();
  }
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const bool links =
        r + 1 == ranks.size() || (ranks[r].latency >= 0 && ranks[r].latency <= kMostSeconds &&
                                  ranks[r].bytes_per_second >= kLeastBandwidth);
    if (!links || !(ranks[r].flops > 0)) ranks.clear();
  }
  if (!ranks.empty()) return ranks;
  throw Error(ExitCode::kConfiguration,
              file + ": expected " + else_expected +
                  ", or what mpirun -np RANKS pipetrain doctor --format json prints");
}

void read_doctor(const std::string& text, const std::string& file, Network& network) {
  const std::vector<DoctorRank> ranks = doctor_ranks(text, file, "rows FROM,TO,RATE");
  struct Mean {
    LinkRate sum;
    int count = 0;
    void add(const LinkRate& rate) {
      sum.latency_seconds += rate.latency_seconds;
      sum.seconds_per_byte += rate.seconds_per_byte;
      ++count;
    }
    LinkRate value() const { return {sum.latency_seconds / count, sum.seconds_per_byte / count}; }
  };
  if (ranks.size() < 2) refuse_text(file, "1 rank", "two or more: one has no links");
  Mean within, between, all;
  std::vector<std::string> hosts{ranks.front().host};
  for (std::size_t r = 0; r + 1 < ranks.size(); ++r) {
    const bool near = ranks[r].host == ranks[r + 1].host;
    const LinkRate measured{ranks[r].latency, 1 / ranks[r].bytes_per_second};
    (near ? within : between).add(measured);
    all.add(measured);
    hosts.push_back(ranks[r + 1].host);
  }
  const auto of_kind = [&](const Mean& mean) { return (mean.count > 0 ? mean : all).value(); };
  link_by_hosts(network, hosts, of_kind(within), of_kind(between));
  for (int r = 0; r + 1 < static_cast<int>(ranks.size()); ++r) {
    const DoctorRank& rank = ranks[static_cast<std::size_t>(r)];
    network.pairs[{r, r + 1}].rate =
        network.pairs[{r + 1, r}].rate = {rank.latency, 1 / rank.bytes_per_second};
  }
}

void read_links(const std::string& links, Network& network) {
  network.has_links = true;
  network.text = links;
  if (links.find('=') != std::string::npos) return read_words(links, network);
  const std::string text = read_table(links);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return read_doctor(text, links, network);
  read_pairs(text, links, network);
}

std::vector<double> read_speeds(const std::string& speeds) {
  std::vector<double> numbers;
  if (speeds.ends_with(".json")) {
    double fastest = 0;
    const auto ranks = doctor_ranks(read_table(speeds), speeds, "a number for each rank");
    for (const DoctorRank& rank : ranks) {
      numbers.push_back(rank.flops);
      fastest = std::max(fastest, rank.flops);
    }
    for (double& number : numbers) number /= fastest;
    return numbers;
  }
  for_each_part(speeds, ',', [&](std::string_view word) {
    const auto number = parse_number<double>(content_of(word));
    if (!number || *number < kLeastSpeed || *number > kMostSpeed) {
      refuse_text(
          "--speeds", word,
          "a number from 1e-6 to 1e6 for each rank, between commas, or the .json of pipetrain "
          "doctor");
    }
    numbers.push_back(*number);
  });
  return numbers;
}

}  // namespace

LinkRate parse_link_rate(std::string_view text, const std::string& where) {
  const std::string expected = "a latency, a bandwidth or both, such as 20us, 1GB/s or 20us+1GB/s";
  LinkRate rate;
  bool has_latency = false, has_bandwidth = false;
  for_each_part(text, '+', [&](std::string_view part) {
    const std::string_view content = content_of(part);
    const bool is_bandwidth = content.ends_with("/s");
    if (std::exchange(is_bandwidth ? has_bandwidth : has_latency, true)) {
      refuse_text(where, text, expected);
    }
    const auto amount = is_bandwidth ? amount_in(content, kBandwidths) : amount_in(content, kTimes);
    const double least = is_bandwidth ? kLeastBandwidth : 0;
    const double most = is_bandwidth ? kMostBandwidth : kMostSeconds;
    if (!amount || *amount < least || *amount > most) refuse_text(where, text, expected);
    (is_bandwidth ? rate.seconds_per_byte : rate.latency_seconds) =
        is_bandwidth ? 1 / *amount : *amount;
  });
  return rate;
}

std::shared_ptr<const Network> network_of(const NetworkAsked& asked, double message_bytes,
                                          double unit_seconds) {
  if (!asked.any()) return nullptr;
  auto network = std::make_shared<Network>();
  if (!asked.links.empty()) read_links(asked.links, *network);
  if (!asked.speeds.empty()) network->speeds = read_speeds(asked.speeds);
  network->message_bytes = message_bytes;
  network->unit_seconds = unit_seconds;
  return network;
}

std::string network_words(const Network* network) {
  if (network == nullptr) return "";
  std::string text;
  if (network->has_links) {
    const auto bytes = static_cast<std::int64_t>(network->message_bytes);
    text = ", messages of " + std::to_string(bytes) + " bytes over " + network->text;
  }
  for (std::size_t r = 0; r < network->speeds.size(); ++r) {
    text += (r == 0 ? ", ranks at speeds " : ", ") + short_number(network->speeds[r]);
  }
  return text;
}

}  // namespace pipetrain
