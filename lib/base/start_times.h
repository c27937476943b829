// Where the time goes from the start of this process, or of what launched it, to the first step:
// phases that follow one another. It must not know what is done in them.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct StartPhase {
  std::string name;
  double seconds = 0;
};

class StartTimes {
 public:
  StartTimes();  // the first phase begins now
  // The first phase begins with this process; before it stands "launch", from the start of its
  // parent, if that has launched it. The system knows both to 10 ms.
  static StartTimes of_process(bool launched);

  // The phase that began where the last one ended is over, now or at `wall` (wall_seconds()).
  void end(const std::string& phase);
  void end_at(double wall, const std::string& phase);
  // What others took of the time since then are phases of their own.
  void take(const StartTimes& part);

  const std::vector<StartPhase>& phases() const { return phases_; }
  double total_seconds() const;
  std::string text() const;  // to send it to the rank that prints
  static StartTimes of_text(const std::string& text);

 private:
  std::vector<StartPhase> phases_;
  double last_ = 0;  // where the last phase ended
};

}  // namespace pipetrain
