#include "schedule/csv.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include "base/error.h"
#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/files.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

std::string table_refusal(const std::string& table) {
  try {
    schedule_from_csv(table, "my.csv");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what() + (error.detail().empty() ? "" : "\n" + error.detail());
  }
  return "";
}

}  // namespace

TEST_CASE("A schedule survives being written and read") {
  for (const std::string& name : schedule_names()) {
    const Schedule schedule = generate(name, 4, default_virtual_stages(name), 8);
    const Schedule read = schedule_from_csv(csv_of(schedule), name);
    CHECK(read.ranks == schedule.ranks);
    CHECK(read.placement == schedule.placement);
    CHECK(read.microbatches == 8);
  }
}

TEST_CASE("A table places its stages as it likes, and any number of them on a rank") {
  const Schedule schedule = schedule_from_csv(
      "1F0,3F0,3B0,1B0\n"
      "0F0,2F0,2B0,0B0\n"
      "4F0,5F0,6F0,6B0,5B0,4B0\n",
      "own.csv");
  CHECK(schedule.placement == Placement::of({{1, 3}, {0, 2}, {4, 5, 6}}));
  CHECK(schedule_from_csv(csv_of(schedule), "again.csv").placement == schedule.placement);
}

TEST_CASE("Overlapped pairs are their two actions; empty cells and spaces are nothing") {
  const Schedule schedule =
      schedule_from_csv("0F0,, 0F1 ,(1F0;1B0)OVERLAP_F_B,1F1,1B1,0B0,0I1,0W1\r\n\n", "pairs.csv");
  CHECK(schedule.ranks == actions_of("0F0 0F1 1F0 1B0 1F1 1B1 0B0 0I1 0W1"));
  CHECK(schedule.virtual_stages() == 2);
}

TEST_CASE("Blank rows are no ranks, and quotes around cells mean nothing") {
  const Schedule schedule =
      schedule_from_csv("\r\n0F0,\"0F1\", \"0B0\" ,0B1\n,,,\n \n1F0,1B0,1F1,1B1\n\n", "own.csv");
  CHECK(schedule.ranks == actions_of("0F0 0F1 0B0 0B1\n1F0 1B0 1F1 1B1"));
  CHECK(contains(table_refusal("\n0F0,0B0\n\n1F0,1X0"), "my.csv: row 4, column 2: found '1X0'"));
  CHECK(contains(table_refusal("\n0F0,0B0,1F0\n\n1B0"), "row 2, column 3", "stage 1 is in row 4"));
  CHECK(contains(table_refusal("0F0;0B0\n"), "found '0F0;0B0'", "between commas"));
}

TEST_CASE("A table's byte order mark is no action, and UTF-16 is named") {
  const auto path = std::filesystem::temp_directory_path() /
                    ("pipetrain-mark-" + std::to_string(getpid()) + ".csv");
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write("\xEF\xBB\xBF\"0F0\",0B0\n");
  CHECK(read_csv_schedule(path).ranks == actions_of("0F0 0B0"));
  write(std::string("\xFF\xFE\x30\0\x46\0", 6));
  try {
    read_csv_schedule(path);
    FAIL("read UTF-16");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "found UTF-16, expected UTF-8"));
  }
  std::filesystem::remove(path);
}

TEST_CASE("A bad table is refused by file, row and column") {
  CHECK(table_refusal("") == "my.csv: the table is empty; expected one row of actions per rank");
  CHECK(table_refusal("0F0,0B0\n1F0,1X0") ==
        "my.csv: row 2, column 2: found '1X0', expected <stage><F|I|W|B><microbatch>, such as 2F0, "
        "between commas");
  // What is run again is not for a table to say.
  CHECK(table_refusal("0F0,0R0,0B0\n1F0,1B0") ==
        "my.csv: row 1, column 2: found '0R0', expected <stage><F|I|W|B><microbatch>, such as "
        "2F0, between commas; leave it out: it follows from the others");
  CHECK(table_refusal("0F0,0B0\n2F0,2B0") ==
        "my.csv: stage 1 has no action, but stage 2 has; is a row missing?\n"
        "  rank 0: 0F0  0B0\n"
        "  rank 1: 2F0  2B0  > missing <");
  CHECK(table_refusal("0F0,0B0\n0F1") ==
        "my.csv: placement: rank 1 has no stage; give it one or more\n"
        "  rank 0: 0\n"
        "  rank 1: none");
  CHECK(table_refusal("0F0,0B0,1F0\n1B0") ==
        "my.csv: row 1, column 3: 1F0 is on the wrong rank: stage 1 is in row 2\n"
        "  rank 0: 0F0  0B0 >1F0<\n"
        "  rank 1: 1B0");
  CHECK(table_refusal("0F0,0F999999999").find("column 2: 0F999999999 in a table of 2 actions") !=
        std::string::npos);
  CHECK(table_refusal("0F0,0B0\n1B0,1F0") ==
        "my.csv: schedule: rank 1, action 1: 1B0 comes before 1F0\n"
        "  rank 0: 0F0  0B0\n"
        "  rank 1:>1B0< 1F0");
  CHECK_THROWS_AS(read_csv_schedule("/nowhere/schedule.csv"), Error);
}

TEST_CASE("PyTorch's own tables read as they are, with messages and without") {
  for (const auto& [name, table, v] :
       {std::tuple("interleaved", "interleaved", 2), std::tuple("zbv", "zbv", 2),
        std::tuple("dualpipev", "dualpipev", 2),
        std::tuple("interleaved-zb", "interleaved_zb", 2)}) {
    INFO(name);
    const std::string path = std::string("tests/golden/schedules/pytorch/") + table + "_S4_M8_";
    const Schedule compute = read_csv_schedule(repository_path(path + "compute.csv"), 4);
    const Schedule with_messages = read_csv_schedule(repository_path(path + "comms.csv"), 4);
    CHECK(with_messages.ranks == compute.ranks);
    CHECK(with_messages.placement == compute.placement);
    CHECK(compute.placement == generate(name, 4, v, 8).placement);
    CHECK(compute.microbatches == 8);
  }
}

TEST_CASE("Communication that contradicts the computation is refused with the grid") {
  CHECK(schedule_from_csv("0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0", "t.csv").ranks ==
        actions_of("0F0 0B0\n1F0 1B0"));
  CHECK(table_refusal("0F0,0SEND_F0,0RECV_B0,0B0\n1F0,1RECV_F0,1B0,1SEND_B0") ==
        "my.csv: row 2, column 2: 1RECV_F0 comes after 1F0, which needs it\n"
        "  rank 0: 0F0       0SEND_F0  0RECV_B0  0B0\n"
        "  rank 1: 1F0      >1RECV_F0< 1B0       1SEND_B0");
}

TEST_CASE("Files that are no tables are refused in one short line") {
  const std::string garbage =
      table_refusal(std::string("0F0,\xff\0\x1b[2J\r", 11) + std::string(1000, 'x'));
  CHECK(garbage.find("row 1, column 2: found '???[2J?xxx") != std::string::npos);
  CHECK(garbage.size() < 160);
  CHECK(table_refusal("99999999999F0").find("found '99999999999F0'") != std::string::npos);
  CHECK(table_refusal("-1F0").find("found '-1F0'") != std::string::npos);
  CHECK(table_refusal("0F0,2147483647B0").find("in a table of 2 actions") != std::string::npos);
  CHECK(table_refusal("0F2147483647").find("0F2147483647 in a table of 1 actions") !=
        std::string::npos);
  try {
    read_csv_schedule("/");
    FAIL("read a directory");
  } catch (const Error& error) {
    CHECK(error.what() == std::string("/: Is a directory"));
  }
}

TEST_CASE("A table of slices reads as it was written") {
  const Schedule schedule = generate("1f1b", 3, 1, 2, 4);
  const Schedule read = schedule_from_csv(csv_of(schedule), "seq.csv");
  CHECK(read.ranks == schedule.ranks);
  CHECK(read.slices == 4);
  CHECK_THROWS_WITH(schedule_from_csv("0F0,0F0.900000,0B0\n", "seq.csv"),
                    ContainsSubstring("0F0.900000 in a table of 3 actions"));
}

TEST_CASE("A table whose halves of microbatches go opposite ways has two copies of each stage") {
  const Schedule read = schedule_from_csv("0F0,1F1,1B1,0B0\n0F1,1F0,1B0,0B1\n", "both.csv");
  CHECK(read.placement == Placement::loop_both_ways(2));
  CHECK(read.ranks == generate("chimera", 2, 1, 2).ranks);
  const auto refused = [](const std::string& text) {
    try {
      schedule_from_csv(text, "both.csv");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  // A microbatch in the other half's copy; a stage twice where its microbatches go one way.
  CHECK(refused("0F0,0F1,3F2,3F3,0B0,0B1,3B2,3B3\n1F0,1F1,2F2,2F3,1B0,1B1,2B2,2B3,2F1\n"
                "2F0,1F2,1F3,2B0,2B1,1B2,1B3\n3F0,3F1,0F2,0F3,3B0,3B1,0B2,0B3\n") ==
        "both.csv: row 2, column 9: 2F1 is on the wrong rank: stage 2 of this half of the "
        "microbatches is in row 3");
  CHECK(
      refused("0F0,0F1,0B0,0B1\n1F0,1F1,1B0,0F1,1B1\n")
          .starts_with("both.csv: row 2, column 4: 0F1 is on the wrong rank: stage 0 is in row 1"));
}

TEST_CASE("A table has S and T of a vocabulary over the pipeline, each rank those of its piece") {
  const std::string table = "0F0,0S0,0B0,0T0\n1F0,1S0,1B0,1T0\n";
  const Schedule schedule = schedule_from_csv(table, "my.csv");
  CHECK(schedule.vocabulary == VocabularyPlace::kParallel);
  CHECK(schedule.stage_count() == 2);
  CHECK(csv_of(schedule) == table);
  const std::string twice = "0F0,0S0,0T0,0B0\n1F0,1S0,1T0,1B0\n";
  CHECK(schedule_from_csv(twice, "my.csv").vocabulary == VocabularyPlace::kVocab1);
  CHECK(csv_of(schedule_from_csv(twice, "my.csv")) == twice);
  CHECK(table_refusal("0F0,0F1,0S0,0T0,0B0,0S1,0B1,0T1\n1F0,1F1,1S0,1T0,1B0,1S1,1B1,1T1")
            .find("1B1 waits for 0T1 of rank 0") != std::string::npos);
  CHECK(table_refusal("0F0,0S0,0B0,0T0\n1F0,0S0,1B0,1T0")
            .starts_with("my.csv: schedule: rank 1, action 2: 0S0 is of another rank's piece of "
                         "the vocabulary"));
  CHECK(
      table_refusal("0F0,0RECV_S0,0S0,0B0,0T0\n1F0,1S0,1B0,1T0").find("leave it out: it follows") !=
      std::string::npos);
  CHECK(schedule_from_csv("0F0,0B0\n1F0,1B0", "my.csv").vocabulary == VocabularyPlace::kWhole);
  CHECK(
      table_refusal("0F0,0F0.1,0S0,0B0.1,0B0,0T0\n1F0,1F0.1,1S0,1B0.1,1B0,1T0")
          .starts_with("my.csv: schedule: slices of sequences and a vocabulary over the pipeline"));
}
