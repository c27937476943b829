// Which ranks take longer for their work than the others do for theirs, as on a host that is
// throttled or that others use: a pipeline is as fast as its slowest rank. It must not know how
// steps are run or what their work is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "setup/pipeline_rank.h"

namespace pipetrain {

// Seconds of work in a step that the layers' measured times give each rank of the grid, as if all
// were as fast as rank 0; empty if layers were not timed.
std::vector<double> foreseen_work(const PipelineRank& pipeline);

class SlowRanks {
 public:
  // `foreseen`: as above, or empty. `hosts`: of each rank; fewer than two: nobody is compared.
  SlowRanks(std::vector<double> foreseen, std::vector<std::string> hosts);

  // After every step, with each rank's seconds of work in it. After each kSteps of them, what is to
  // be said: a rank that is slow, was fast before, or keeps pace again.
  std::vector<std::string> add(std::int64_t step, std::span<const double> work_seconds);
  // How many times as long as it should each rank has taken, in the last kSteps steps and in those
  // before them (of the two what is nearer to 1), if one of them has become slower or faster than
  // the others: ranks that differ by noise are alike. Empty: all keep pace, or did so a moment ago.
  std::vector<double> paces() const;

  static constexpr int kSteps = 20;

 private:
  // A rank's work against something that it should be like, beside the same of the other ranks.
  struct Pace {
    double own = 1, others = 1;  // medians
    double factor() const { return own / others; }
  };

  Pace pace(std::size_t rank, const std::vector<double>& work,
            const std::vector<double>& like) const;
  std::string judge(std::size_t rank, const std::vector<double>& work);
  double spread(const std::vector<double>& work, const std::vector<double>& like) const;
  std::vector<double> paces_of(const std::vector<double>& work) const;

  std::vector<double> foreseen_;
  std::vector<std::string> hosts_;
  std::vector<double> first_;                  // work of each rank in the first kSteps
  std::vector<std::vector<double>> window_;    // of each rank: a step each
  std::vector<double> told_;                   // of each rank, the factor that was said; 0: none
  std::vector<double> paces_, earlier_paces_;  // of the last window and of the one before
  std::int64_t first_step_ = 0, from_ = 0, last_ = 0;
};

}  // namespace pipetrain
