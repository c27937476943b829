// Our generators against the published tables, and our simulator against the figures known for
// them.
#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/csv.h"
#include "schedule/files.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

struct Published {
  std::string file;
  double makespan, bubble, peak_live, makespan_with_messages;
};

std::vector<Published> published_index() {
  std::istringstream lines(read_repository_file("tests/golden/schedules/INDEX.csv"));
  std::vector<Published> index;
  std::string line;
  std::getline(lines, line);  // the header
  while (std::getline(lines, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    index.push_back({cells.at(0), std::stod(cells.at(4)), std::stod(cells.at(5)),
                     std::stod(cells.at(7)), std::stod(cells.at(8))});
  }
  return index;
}

Schedule published(const std::string& file) {
  return read_csv_schedule(repository_path("tests/golden/schedules/" + file));
}

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

}  // namespace

TEST_CASE("Generators reproduce the published tables action by action") {
  struct Source {
    const char* table;
    const char* name;
  };
  for (const Source& source : std::vector<Source>{{"gpipe", "gpipe"},
                                                  {"1f1b", "1f1b"},
                                                  {"interleaved1f1b_v2", "interleaved"},
                                                  {"interleaved1f1b_v4", "interleaved"},
                                                  {"looped_bfs_v2", "looped-bfs"},
                                                  {"zbh1", "zb-h1"},
                                                  {"interleaved_zb_v2", "interleaved-zb"},
                                                  {"zbv", "zbv"},
                                                  {"dualpipev", "dualpipev"},
                                                  {"vhalf_sail", "v-half"},
                                                  {"vmin_sail", "v-min"},
                                                  {"v1f1b_sail", "v-1f1b"}}) {
    for (const char* size : {"_S2_M4.csv", "_S4_M8.csv", "_S4_M16.csv"}) {
      CAPTURE(source.table, size);
      const Schedule table = published(std::string(source.table) + size);
      const Schedule ours =
          generate(source.name, table.rank_count(), table.virtual_stages(), table.microbatches);
      CHECK(ours.ranks == table.ranks);
      CHECK(ours.placement == table.placement);
    }
  }
}

// The tables in more/ are of other sizes: odd numbers of ranks and microbatches, and fewer
// microbatches than ranks. They are what PyTorch 2.13's generators give or, for v-half, v-min and
// 1f1b with M < S, the zbv_greedy.py and basic1f1b.py of sail-sg/zero-bubble-pipeline-parallelism.
TEST_CASE("Generators reproduce published tables of odd sizes") {
  std::set<std::string> covered;
  for (const auto& entry :
       std::filesystem::directory_iterator(repository_path("tests/golden/schedules/more"))) {
    const std::string file = entry.path().filename().string();  // NAME_v2_S5_M3.csv
    CAPTURE(file);
    const std::string name = file.substr(0, file.find("_v"));
    const Schedule table = published("more/" + file);
    const Schedule ours =
        generate(name, table.rank_count(), table.virtual_stages(), table.microbatches);
    CHECK(ours.ranks == table.ranks);
    CHECK(ours.placement == table.placement);
    covered.insert(name);
  }
  CHECK(covered.size() >= 10);  // a schedule of one's own has no published table
}

TEST_CASE("The simulator gives the published figures of every table") {
  const std::vector<Published> index = published_index();
  REQUIRE(index.size() == 48);
  for (const Published& expected : index) {
    CAPTURE(expected.file);
    const Schedule schedule = published(expected.file);
    const Timeline timeline =
        simulate(schedule, equal_costs(schedule, 1, 1, 1), BackwardSends::kAfterBackward);
    CHECK(timeline.makespan() == Approx(expected.makespan));
    CHECK(timeline.bubble_fraction() == Approx(expected.bubble).margin(0.5e-4));
    CHECK(largest(timeline.peak_live_microbatches) == Approx(expected.peak_live));
    const Timeline with_messages =
        simulate(schedule, equal_costs(schedule, 1, 1, 1, 0.1), BackwardSends::kAfterBackward);
    CHECK(with_messages.makespan() == Approx(expected.makespan_with_messages));
  }
}

TEST_CASE("Input gradients sent first take 1F1B and GPipe from 33 to 30 units") {
  for (const char* name : {"gpipe", "1f1b"}) {
    const Schedule schedule = generate(name, 4, 1, 8);
    CHECK(simulate(schedule, equal_costs(schedule, 1, 1, 1)).makespan() == Approx(30));
  }
}
