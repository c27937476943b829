// Law 1 with recompute: the same bits, whatever is kept, under every schedule.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "trained.h"

using namespace pipetrain;

namespace recompute_test {

namespace {

constexpr std::int64_t kSteps = 3;

struct Run : Trained {
  std::vector<double> live;             // per rank
  std::vector<std::size_t> peak_bytes;  // per rank
  std::vector<StageCost> stage_seconds;
  std::vector<std::vector<Action>> executed;  // per rank: what was computed in a step
};

struct RecomputeChoice {
  Recompute recompute;
  std::vector<std::string> layers;
};

Config small_config(const std::string& schedule, int microbatches, const RecomputeChoice& choice) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = 8};
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.recompute = choice.recompute;
  config.pipeline.recompute_layers = choice.layers;
  config.train.batch_size = 9;  // microbatches of 2 rows and of 1
  return config;
}

Run run(const Config& config, int ranks) {
  const FixedSource source = FixedSource::counting(11, 8, 13);
  Run made;
  const auto count = static_cast<std::size_t>(ranks);
  made.live.resize(count);
  made.peak_bytes.resize(count);
  made.executed.resize(count);
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    const auto r = static_cast<std::size_t>(rank.rank());
    made.train(rank, 0, kSteps, [&](std::int64_t, const StepResult& result) {
      if (r == 0) made.stage_seconds = result.stage_seconds;
    });
    for (const Span& span : rank.pipeline().runner.recorder().spans()) {
      if (!span.waiting) made.executed[r].push_back(span.action);
    }
    made.peak_bytes[r] = rank.pool().peak_bytes();
    made.evaluate(rank);
    made.live[r] = rank.pipeline().runner.take_peak_live_microbatches();
    made.take_weights(rank);
  });
  return made;
}

bool same_bits(const Trained& a, const Trained& b) { return a == b; }

std::size_t times(const std::vector<Action>& actions, const Action& action) {
  return static_cast<std::size_t>(std::count(actions.begin(), actions.end(), action));
}

// What was run again, of everything that this rank ran: once, and only what was not just computed.
std::size_t count_recomputed(const std::vector<Action>& executed) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < executed.size(); ++i) {
    if (executed[i].op != Op::kRecompute) continue;
    ++count;
    CHECK(times(executed, executed[i]) == 1);
    CHECK(executed[i - 1] != executed[i].as(Op::kForward));
    CHECK(executed[i + 1] == executed[i].as(Op::kBackwardInput));
  }
  return count;
}

bool makes_parts_again(Recompute recompute) {
  return recompute == Recompute::kCheap || recompute == Recompute::kSelective;
}

}  // namespace

TEST_CASE("Recomputing gives the same bits under every schedule, and runs nothing twice") {
  const std::vector<RecomputeChoice> choices = {
      {Recompute::kCheap, {}},
      {Recompute::kSelective, {}},
      {Recompute::kFull, {}},
      {Recompute::kAttention, {}},
      {Recompute::kList, {"0", "layers.3.attention", "layers.4.mlp", "8"}},
      {Recompute::kList, {"layers.1.attention.qkv", "2", "layers.4.mlp.hidden"}}};
  constexpr int kMicrobatches = 8;
  for (const std::string& schedule : schedule_names()) {
    for (const int ranks : {1, 2, 4}) {
      if (why_not(schedule, ranks, default_virtual_stages(schedule), kMicrobatches)) continue;
      const Run kept = run(small_config(schedule, kMicrobatches, {Recompute::kNone, {}}), ranks);
      for (const RecomputeChoice& choice : choices) {
        INFO(schedule << ", " << ranks << " ranks, " << name_of(kRecomputes, choice.recompute));
        const Run again = run(small_config(schedule, kMicrobatches, choice), ranks);
        CHECK(same_bits(again, kept));
        CHECK(again.live == kept.live);
        std::size_t recomputed = 0;
        for (const auto& executed : again.executed) recomputed += count_recomputed(executed);
        if (makes_parts_again(choice.recompute)) {
          CHECK(recomputed == 0);  // within I
        } else if (ranks > 1) {
          CHECK(recomputed > 0);  // on one, each I may follow its F
        }
      }
    }
  }
}

TEST_CASE("A Llama gives the same bits on every number of ranks, recomputed or not") {
  auto llama = [](const std::string& schedule, Recompute recompute, int ranks) {
    Config config = small_config(schedule, 4, {recompute, {}});
    config.model = {.preset = "llama", .depth = 3, .heads = 4, .kv_heads = 2, .width = 16};
    return run(config, ranks);
  };
  const Run one = llama("gpipe", Recompute::kNone, 1);
  CHECK(one.losses.back() < one.losses.front());
  for (const char* schedule : {"1f1b", "zb-h1", "zbv"}) {
    for (const Recompute recompute : {Recompute::kNone, Recompute::kSelective, Recompute::kFull}) {
      for (const int ranks : {2, 4}) {
        INFO(schedule << ", " << ranks << " ranks, " << name_of(kRecomputes, recompute));
        const Run other = llama(schedule, recompute, ranks);
        CHECK(same_bits(other, one));
      }
    }
  }
}

TEST_CASE(
    "Dropout drops the same on every number of ranks, under every schedule, recomputed or not") {
  const auto gpt = [](const std::string& schedule, Recompute recompute, int ranks, double dropout,
                      std::uint64_t seed = 1337) {
    Config config = small_config(schedule, 8, {recompute, {}});
    config.model.dropout = dropout;
    config.train.seed = seed;
    return run(config, ranks);
  };
  const Run one = gpt("gpipe", Recompute::kNone, 1, 0.1);
  CHECK(gpt("gpipe", Recompute::kNone, 1, 0).losses != one.losses);
  CHECK(gpt("gpipe", Recompute::kNone, 1, 0.1, 7).losses != one.losses);
  for (const std::string& schedule : schedule_names()) {
    for (const Recompute recompute :
         {Recompute::kNone, Recompute::kSelective, Recompute::kFull, Recompute::kAttention}) {
      for (const int ranks : {2, 4}) {
        INFO(schedule << ", " << ranks << " ranks, recompute " << name_of(kRecomputes, recompute));
        const Run other = gpt(schedule, recompute, ranks, 0.1);
        if (schedule == "looped-bfs" || copies_of(schedule) > 1) {  // adds in another order
          CHECK(other.losses[2] == Approx(one.losses[2]).epsilon(1e-5));
          continue;
        }
        CHECK(same_bits(other, one));
      }
    }
  }
  // Another number of microbatches cuts the rows elsewhere: the same masks, up to rounding.
  Config config = small_config("gpipe", 3, {Recompute::kNone, {}});
  config.model.dropout = 0.1;
  const Run cut = run(config, 1);
  for (std::size_t step = 0; step < one.losses.size(); ++step) {
    CHECK(cut.losses[step] == Approx(one.losses[step]).epsilon(1e-5));
  }
}

TEST_CASE("In bfloat16, too, what is made again has the same bits") {
  const auto gpt = [](const std::string& schedule, Recompute recompute, int ranks) {
    Config config = small_config(schedule, 8, {recompute, {}});
    config.train.precision = DType::kBFloat16;
    return run(config, ranks);
  };
  for (const char* schedule : {"gpipe", "1f1b", "zbv"}) {
    const Run one = gpt(schedule, Recompute::kNone, 1);
    for (const Recompute recompute : {Recompute::kCheap, Recompute::kSelective, Recompute::kFull}) {
      INFO(schedule << ", recompute " << name_of(kRecomputes, recompute));
      CHECK(same_bits(gpt(schedule, recompute, 2), one));
    }
  }
}

TEST_CASE("The time of R is a figure of its own, of stages that have an R") {
  const Run kept = run(small_config("1f1b", 8, {Recompute::kNone, {}}), 2);
  const Run again = run(small_config("1f1b", 8, {Recompute::kFull, {}}), 2);
  CHECK(kept.stage_seconds[0].recompute == 0);
  CHECK(again.stage_seconds[0].recompute > 0);
  CHECK(again.stage_seconds[1].recompute == 0);  // the last stage's I follows its F
  CHECK(again.stage_seconds[0].forward > 0);
  CHECK(count_recomputed(again.executed[0]) == 8);
  CHECK(count_recomputed(again.executed[1]) == 0);
}

TEST_CASE("Under GPipe, recomputing more takes less memory at its peak on every rank") {
  const auto peak = [](const RecomputeChoice& choice) {
    return run(small_config("gpipe", 8, choice), 2).peak_bytes;
  };
  const auto none = peak({Recompute::kNone, {}}), full = peak({Recompute::kFull, {}}),
             attention = peak({Recompute::kAttention, {}}), cheap = peak({Recompute::kCheap, {}}),
             selective = peak({Recompute::kSelective, {}});
  for (std::size_t rank = 0; rank < 2; ++rank) {
    INFO("rank " << rank);
    CHECK(attention[rank] < none[rank]);
    CHECK(full[rank] < attention[rank]);
    CHECK(cheap[rank] < none[rank]);
    CHECK(selective[rank] < cheap[rank]);
  }
}

}  // namespace recompute_test
