// What the papers promise of their schedules, at every small size: the microbatches that a rank
// holds and, where there are enough of them, the time of a step.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

struct Size {
  int ranks, virtual_stages, microbatches;

  int per_round() const { return microbatches / std::max(1, microbatches / ranks); }
};

Timeline simulated(const std::string& name, const Size& size) {
  const Schedule schedule = generate(name, size.ranks, size.virtual_stages, size.microbatches);
  return simulate(schedule, equal_costs(schedule, 1, 1, 1), BackwardSends::kAfterBackward);
}

// Every size up to 9 ranks, 3 stages each and 3 p + 3 microbatches that the schedule allows.
template <class Visit>
void for_each_size(const std::string& name, Visit visit) {
  const int stages = default_virtual_stages(name);
  const bool loops = name == "interleaved" || name == "looped-bfs" || name == "interleaved-zb";
  for (int p = 1; p <= 9; ++p) {
    for (int v = loops ? 1 : stages; v <= (loops ? 3 : stages); ++v) {
      for (int m = 1; m <= 3 * p + 3; ++m) {
        const Size size{p, v, m};
        if (name == "dualpipev" && m < 2 * p) continue;
        if (name.starts_with("interleaved") && m % size.per_round() != 0) continue;
        CAPTURE(name, p, v, m);
        visit(size);
      }
    }
  }
}

}  // namespace

TEST_CASE("A rank holds exactly as many microbatches as the schedule's warm-up lets in") {
  using Live = std::function<int(const Size&, int rank)>;  // in stages
  const std::map<std::string, Live> live{
      {"gpipe", [](const Size& s, int) { return s.microbatches; }},
      {"1f1b", [](const Size& s, int rank) { return s.ranks - rank; }},
      {"interleaved",
       [](const Size& s, int rank) {
         return (s.virtual_stages - 1) * s.per_round() + 2 * (s.ranks - 1 - rank) + 1;
       }},
      {"looped-bfs", [](const Size& s, int) { return s.microbatches * s.virtual_stages; }},
      {"zb-h1", [](const Size& s, int) { return s.ranks; }},
      {"interleaved-zb",
       [](const Size& s, int) { return (s.virtual_stages - 1) * s.per_round() + s.ranks; }}};
  for (const auto& [name, expected] : live) {
    for_each_size(name, [&, &name = name, &expected = expected](const Size& size) {
      const std::vector<double> peaks = simulated(name, size).peak_live_microbatches;
      for (int rank = 0; rank < size.ranks; ++rank) {
        CAPTURE(rank);
        CHECK(peaks[static_cast<std::size_t>(rank)] * size.virtual_stages ==
              Approx(std::min(expected(size, rank), size.microbatches * size.virtual_stages)));
      }
    });
  }
}

TEST_CASE("No rank of a V holds more microbatches than the paper allows") {
  const std::map<std::string, std::function<double(int)>> most{
      {"zbv", [](int p) { return p; }},  // 1F1B's
      {"dualpipev", [](int p) { return p + 0.5; }},
      {"v-half", [](int p) { return p / 2 + 1; }},        // half of 1F1B's and a constant
      {"v-min", [](int p) { return (p + 1) / 3 + 1; }}};  // a third of 1F1B's and a constant
  for (const auto& [name, bound] : most) {
    for_each_size(name, [&, &name = name, &bound = bound](const Size& size) {
      const std::vector<double> peaks = simulated(name, size).peak_live_microbatches;
      CHECK(*std::max_element(peaks.begin(), peaks.end()) <=
            std::min<double>(bound(size.ranks), size.microbatches));
    });
  }
}

TEST_CASE("A step takes as long as the papers say at F = I = W") {
  using Idle = std::function<double(const Size&)>;  // beside 3 M of work
  const Idle one_f_one_b = [](const Size& s) { return 3.0 * (s.ranks - 1); };
  const Idle interleaved = [](const Size& s) { return 3.0 * (s.ranks - 1) / s.virtual_stages; };
  const Idle input_gradients_only = [](const Size& s) {
    return (s.ranks - 1.0) / s.virtual_stages;
  };
  const std::map<std::string, Idle> idle{
      {"gpipe", one_f_one_b},          {"1f1b", one_f_one_b},
      {"interleaved", interleaved},    {"looped-bfs", interleaved},
      {"zb-h1", input_gradients_only}, {"interleaved-zb", input_gradients_only},
      {"zbv", input_gradients_only},   {"dualpipev", input_gradients_only}};
  for (const auto& [name, expected] : idle) {
    for_each_size(name, [&, &name = name, &expected = expected](const Size& size) {
      if (size.microbatches < 2 * size.ranks || size.microbatches % size.ranks != 0) return;
      CHECK(simulated(name, size).makespan() == Approx(3 * size.microbatches + expected(size)));
    });
  }
}

TEST_CASE("Less memory costs V-Half and V-Min no more time than 1F1B takes") {
  for (const char* name : {"v-half", "v-min"}) {
    for_each_size(name, [&](const Size& size) {
      CHECK(simulated(name, size).makespan() <=
            simulated("1f1b", {size.ranks, 1, size.microbatches}).makespan());
    });
  }
}
