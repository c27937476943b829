#include "base/processors.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "base/machine.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// A tree of control groups, removed at the end.
class Groups {
 public:
  Groups() { std::filesystem::create_directories(root_); }
  ~Groups() { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text << "\n";
  }
  double quota() const { return processor_quota(root_ / "mine", root_); }

 private:
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("pipetrain-groups-" + std::to_string(getpid()));
};

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("Sets of processors have no largest one") {
  const ProcessorSet few = set_of({0, 1}), many = set_of({1, 63, 64, 1500});
  CHECK(many.count() == 4);
  CHECK(few.overlaps(many));
  CHECK(many.overlaps(few));
  CHECK_FALSE(few.overlaps(set_of({2, 1500})));
  CHECK(many.overlaps(set_of({1500})));
  CHECK(ProcessorSet{}.count() == 0);
}

TEST_CASE("Sets of processors are written and read as the system lists them") {
  CHECK(set_of({0, 1, 2, 3, 8}).text() == "0-3,8");
  CHECK(ProcessorSet{}.text() == "");
  CHECK(processors_in("0-3,8") == set_of({0, 1, 2, 3, 8}));
  CHECK(processors_in("1500,62-65").numbers() == std::vector{62, 63, 64, 65, 1500});
  CHECK(processors_in("") == ProcessorSet{});
  CHECK(processors_in("a,-1,3-,2,5-4") == set_of({2}));
  CHECK(ProcessorSet({2, 0, 0}) == set_of({1}));
  ProcessorSet both = set_of({1});
  both.add(set_of({70}));
  CHECK(both == set_of({1, 70}));
  CHECK(both.contains(70));
  CHECK_FALSE(both.contains(71));
  CHECK_FALSE(both.contains(1000));
}

TEST_CASE("This process may run somewhere") {
  CHECK(own_processors().count() >= 1);
  CHECK(processors_of(getpid()).overlaps(own_processors()));
}

TEST_CASE("A quota is the least of the groups that a process is in") {
  const Groups groups;
  groups.write("mine", "0::/a/b");
  CHECK(groups.quota() == kNoLimit);
  groups.write("a/b/cpu.max", "max 100000");
  CHECK(groups.quota() == kNoLimit);
  groups.write("a/cpu.max", "250000 100000");
  CHECK(groups.quota() == 2.5);
  groups.write("cpu.max", "150000 100000");  // as a container sees its own
  CHECK(groups.quota() == 1.5);
}

TEST_CASE("A quota of version 1's groups") {
  const Groups groups;
  groups.write("mine", "4:memory:/m\n1:cpu,cpuacct:/a\n3:cpuset:/c");
  groups.write("cpu/a/cpu.cfs_period_us", "100000");
  groups.write("cpu/a/cpu.cfs_quota_us", "-1");
  CHECK(groups.quota() == kNoLimit);
  groups.write("cpu/a/cpu.cfs_quota_us", "50000");
  CHECK(groups.quota() == 0.5);
}
