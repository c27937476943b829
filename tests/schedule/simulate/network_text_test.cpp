#include "schedule/simulate/network_text.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// A file that goes with the test.
struct NetworkFile {
  NetworkFile(const std::string& name, const std::string& text) : path(name) {
    std::ofstream(path) << text;
  }
  ~NetworkFile() { std::remove(path.c_str()); }
  std::string path;
};

std::string refusal(const NetworkAsked& asked) {
  try {
    network_of(asked, 1, 1);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

constexpr const char* kDoctor =
    R"({"ranks": [
{"host": "a", "next_latency_seconds": 1e-6, "next_bytes_per_second": 1e9, "product_flops": 4e9},
{"host": "a", "next_latency_seconds": 2e-6, "next_bytes_per_second": 2e9, "product_flops": 8e9},
{"host": "b", "next_latency_seconds": 3e-6, "next_bytes_per_second": 4e9, "product_flops": 8e9},
{"host": "b", "next_latency_seconds": 0, "next_bytes_per_second": 0, "product_flops": 2e9}]})";

}  // namespace

TEST_CASE("A link's rate is a latency, a bandwidth or both") {
  CHECK(parse_link_rate("20us", "").latency_seconds == Approx(2e-5));
  CHECK(parse_link_rate(" 1.5 ms ", "").latency_seconds == Approx(1.5e-3));
  CHECK(parse_link_rate("2s", "").seconds_per_byte == 0);
  CHECK(parse_link_rate("4GB/s", "").seconds_per_byte == Approx(0.25e-9));
  const LinkRate both = parse_link_rate("100MB/s+1us", "");
  CHECK(both.latency_seconds == Approx(1e-6));
  CHECK(both.seconds_per_byte == Approx(1e-8));
  for (const char* text : {"", "1", "us", "-1us", "nan us", "0GB/s", "1GB", "1us+2us", "1us+",
                           "1e9s", "1e9GB/s", "1us+1GB/s+1us"}) {
    INFO(text);
    CHECK(refusal({.links = std::string("within=") + text}).find("--links: within: found '") == 0);
  }
}

TEST_CASE("Links are named in words") {
  CHECK(network_of({}, 1, 1) == nullptr);
  const auto network = network_of({.links = "within=5us+10GB/s, between=50us,hosts=2"}, 64, 1e-3);
  REQUIRE(network);
  CHECK(network->has_links);
  CHECK(network->hosts == 2);
  CHECK(network->within.seconds_per_byte == Approx(1e-10));
  CHECK(network->between.latency_seconds == Approx(5e-5));
  CHECK(network->message_bytes == 64);
  CHECK(network->unit_seconds == 1e-3);
  CHECK(network_words(network.get()) ==
        ", messages of 64 bytes over within=5us+10GB/s, between=50us,hosts=2");
  for (const char* text :
       {"within=1us,", "=1us", "hosts=0", "hosts=x", "hosts=1e9", "beyond=1us"}) {
    INFO(text);
    CHECK(refusal({.links = text}).find("--links") == 0);
  }
}

TEST_CASE("Speeds are a number for each rank") {
  const auto network = network_of({.speeds = "1, 1,0.5"}, 1, 1);
  REQUIRE(network);
  CHECK_FALSE(network->has_links);
  CHECK(network->speeds == std::vector<double>{1, 1, 0.5});
  CHECK(network_words(network.get()) == ", ranks at speeds 1, 1, 0.5");
  for (const char* text : {"0", "-1", "1,,1", "1,x", "nan", "1e7"}) {
    INFO(text);
    CHECK(refusal({.speeds = text}).find("--speeds: found '") == 0);
  }
}

TEST_CASE("A table has a row for each pair, for both ways unless the other has its own") {
  const NetworkFile file("network_test.csv", "0,1,20us+1GB/s,bus\r\n\n1,2,5us\n2,1,7us\n");
  const auto network = network_of({.links = file.path}, 1, 1);
  REQUIRE(network->pairs.size() == 4);
  CHECK(network->pairs.at({0, 1}).name == "bus");
  CHECK(network->pairs.at({1, 0}).rate.latency_seconds == Approx(2e-5));
  CHECK(network->pairs.at({1, 2}).rate.latency_seconds == Approx(5e-6));
  CHECK(network->pairs.at({2, 1}).rate.latency_seconds == Approx(7e-6));
  for (const char* table :
       {"", "0,1\n", "0,0,1us\n", "0,1,1us\n0,1,1us\n", "0,-1,1us\n", "a,1,1us\n", "0,1,1\n",
        "0,1,1us,x,y\n", "{}", "{\"ranks\": []}", "{"}) {
    INFO(table);
    const NetworkFile wrong("network_test.csv", table);
    CHECK(refusal({.links = wrong.path}).find(wrong.path + ": ") == 0);
  }
  CHECK(refusal({.links = "no such file"}).find("no such file: ") == 0);
}

TEST_CASE("What the doctor measured is links and speeds") {
  const NetworkFile file("network_test.json", kDoctor);
  const auto network = network_of({.links = file.path, .speeds = file.path}, 1, 1);
  CHECK(network->speeds == std::vector<double>{0.5, 1, 1, 0.25});
  REQUIRE(network->pairs.size() == 12);
  CHECK(network->pairs.at({1, 0}).rate.latency_seconds == 1e-6);
  CHECK(network->pairs.at({1, 0}).name.empty());
  CHECK(network->pairs.at({1, 2}).rate.seconds_per_byte == Approx(0.5e-9));
  CHECK(network->pairs.at({3, 0}).rate.latency_seconds == 2e-6);  // between hosts, not measured
  CHECK(network->pairs.at({3, 0}).name == "out of b");
  const NetworkFile one("network_test_1.json",
                        R"({"ranks": [{"host": "a", "next_latency_seconds": 0,
                            "next_bytes_per_second": 0, "product_flops": 1}]})");
  CHECK(refusal({.links = one.path}).find(one.path + ": ") == 0);
}
