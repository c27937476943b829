#include "startup.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "comm/grid.h"
#include "comm/mpi/mpi_collective.h"
#include "same_start.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

// What this version does not run yet is said before anything starts.
void check_scope(const Config& config, int world) {
  const Grid grid = Grid::filling(world, config.parallel.data, config.parallel.tensor);
  if (grid.data() > 1 || grid.tensor() > 1 || config.parallel.shard != "none") {
    fail(
        "parallel: this version is pipeline-parallel only; set parallel.data and parallel.tensor "
        "to 1 and parallel.shard to none");
  }
  if (config.train.precision != "float32") fail("train.precision: only float32 is known");
  if (config.model.dropout != 0) fail("model.dropout: only 0 is known");
}

// Cores this rank may use divided by the ranks that share them, unless OMP_NUM_THREADS says
// otherwise.
void set_threads(const MpiSession& session) {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  omp_set_num_threads(std::max(1, session.cores() / session.ranks_sharing_cores()));
}

World learn_world(const MpiSession& session, Collective& collective) {
  const nlohmann::json mine = {session.host(), omp_get_max_threads(), session.cores(),
                               session.ranks_sharing_cores()};
  World world{session.rank(), {}};
  for (const std::string& text : collective.all_gather_text(mine.dump())) {
    const nlohmann::json place = nlohmann::json::parse(text);
    world.places.push_back({place[0], place[1], place[2], place[3]});
  }
  return world;
}

}  // namespace

Startup open_inputs(const MpiSession& session, ErrorReport& report, const RunOptions& options,
                    int ranks) {
  Startup made;
  report.agree([&] {
    set_up_log(options.log_level);
    made.config = load_config(options.config, options.overrides);
    check_scope(made.config, ranks);
    // A preset knows its own context.
    if (made.config.data.sequence_length == 0) {
      made.config.data.sequence_length = static_cast<int>(configured_context(made.config.model));
    }
    if (made.config.data.sequence_length == 0) fail("data.sequence_length is missing");
  });
  set_threads(session);
  const Config& config = made.config;
  std::vector<int> everyone;
  for (int rank = 0; rank < session.size(); ++rank) everyone.push_back(rank);
  made.wait = {config.communication.timeout_seconds, session.oversubscribed()};
  MemoryPool pool;
  MpiCollective collective(everyone, pool, made.wait);
  const std::string difference = difference_at_start(options, config, collective);
  report.agree([&] {
    if (!difference.empty()) fail(difference);
  });
  made.world = learn_world(session, collective);

  report.agree([&] {
    if (session.rank() != 0) return;
    made.source = open_source(config.data, config.data.sequence_length, config.train.seed,
                              static_cast<int>(configured_vocabulary(config.model)));
  });
  std::array<std::int64_t, 2> shape = {};
  if (made.source) shape = {made.source->input_shape()[0], made.source->vocabulary()};
  collective.broadcast(std::as_writable_bytes(std::span(shape)), 0);
  made.data = {.row = {shape[0]}, .vocabulary = shape[1]};
  return made;
}

Startup start(const MpiSession& session, ErrorReport& report, const RunOptions& options,
              bool makes_run_directory) {
  Startup made = open_inputs(session, report, options, session.size());
  const Config& config = made.config;
  report.agree([&] { made.plan = make_plan(config, made.data, session.size()); });
  if (makes_run_directory) {
    report.agree([&] {
      if (session.rank() == 0) made.directory = std::make_unique<RunDirectory>(config);
    });
    report.use_file(config.train.output + "/error.txt");
  }
  return made;
}

}  // namespace pipetrain
