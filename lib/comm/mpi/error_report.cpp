#include "comm/mpi/error_report.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

// How long the rank that prints waits for others that fail at the same time, to say what they
// waited for too.
constexpr std::chrono::milliseconds kGather{200};
// How long a launcher has to pass the line on, before the job's end: MPICH's may lose it.
constexpr std::chrono::milliseconds kHeard{100};
// How long the others wait to be ended by it.
constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMostTexts = 8;

// Names and values from files may be in it: nothing of them moves a terminal's cursor, or fills it.
std::string one_line(std::string text) {
  constexpr std::size_t kMost = 4000;
  if (text.size() > kMost) text.replace(kMost, std::string::npos, "...");
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return text;
}

// In one write, so that no other rank's output comes between.
void print(const std::string& text, const std::string& detail = {}) {
  std::string lines = "pipetrain: error: ";
  lines += one_line(text) + "\n";
  if (!detail.empty()) lines += detail + "\n";
  write_all(STDERR_FILENO, lines);
}

std::vector<int> everyone(const MpiSession& session) {
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

// A name that the first to come makes. -1 if it is there already, or cannot be.
int claim_file(const std::filesystem::path& file) {
  return open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

// Taken by the rank that prints where the first one's line and its end of the job reach nobody.
std::filesystem::path unheard(std::filesystem::path file) { return file += ".unheard"; }

// The different lines of `file`, its first first.
std::string texts_in(const std::filesystem::path& file, const std::string& own) {
  std::vector<std::string> texts = {own};
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line) && texts.size() < kMostTexts;) {
    if (std::find(texts.begin(), texts.end(), line) == texts.end()) texts.push_back(line);
  }
  return join(texts, " | ");
}

}  // namespace

ErrorReport::ErrorReport(const MpiSession& session)
    : session_(session), world_(everyone(session), pool_, {.oversubscribed = true}) {
  // A name that no other job on these hosts has.
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  std::string name = "pipetrain-" + std::to_string(getpid()) + "-" + std::to_string(now);
  name = world_.all_gather_text(name).front();
  std::error_code none;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(none);
  file_of_host_ = (none ? "/tmp" : folder) / (name + ".error");
  file_ = file_of_host_;
}

void ErrorReport::use_file(const std::filesystem::path& file, std::function<bool()> in_place) {
  agree([&] {
    std::error_code error;
    if (session_.rank() != 0) return;
    std::filesystem::remove(unheard(file), error);  // of an earlier run
    if (!error) std::filesystem::remove(file, error);
    if (error) throw Error(ExitCode::kConfiguration, file.string() + ": " + error.message());
  });
  file_ = file;
  in_place_ = std::move(in_place);
  keep_file_ = true;
}

int ErrorReport::claim() {
  if (in_place_()) {
    const int file = claim_file(file_);
    if (file >= 0 || errno == EEXIST) return file;
  }
  file_ = file_of_host_;
  keep_file_ = false;
  return claim_file(file_);
}

void ErrorReport::told(int code, const std::string& text) const {
  if (!after_failure_) return;
  const Failure failed = failure_of([&] { after_failure_(code, one_line(text)); });
  if (failed.code != 0) spdlog::warn("{}", one_line(failed.text));
}

void ErrorReport::abort(int code, const std::string& text) {
  const std::string line = one_line(text);
  const int claimed = claim();
  if (claimed < 0 && errno == EEXIST) {
    const int file = open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file >= 0) write_all(file, line + "\n");
    std::this_thread::sleep_for(kPatience);
    // Still here: that rank's host may be out of reach. What is said on this host was heard,
    // however long mpirun takes to end the job.
    const bool other_hosts = session_.ranks_on_host() < session_.size();
    if (const int late = other_hosts ? claim_file(unheard(file_)) : -1; late >= 0) {
      close(late);
      print(texts_in(file_, line));
    }
    session_.abort(code);
  }
  if (claimed >= 0) {
    write_all(claimed, line + "\n");
    std::this_thread::sleep_for(kGather);
    close(claimed);
  }
  const std::string texts = texts_in(file_, line);
  print(texts);
  told(code, texts);
  std::error_code ignored;
  if (!keep_file_) std::filesystem::remove(file_, ignored);
  std::this_thread::sleep_for(kHeard);
  session_.abort(code);
}

int run_and_report(const std::function<int()>& body) {
  int code = 0;
  const Failure failure = failure_of([&] { code = body(); });
  if (failure.code != 0) print(failure.text, failure.detail);
  return failure.code != 0 ? failure.code : code;
}

int run_and_report(const MpiSession& session, const std::function<int(ErrorReport&)>& body) {
  ErrorReport report(session);
  int code = 0;
  try {
    const Failure failure = failure_of([&] { code = body(report); });
    if (failure.code == 0) return code;
    if (session.size() > 1) report.abort(failure.code, failure.text);
    print(failure.text, failure.detail);
    report.told(failure.code, failure.text);
    return failure.code;
  } catch (const CommonFailure& failure) {
    if (failure.own) {
      print(failure.own->text, failure.own->detail);
      report.told(failure.code, failure.own->text);
    }
    return failure.code;
  }
}

}  // namespace pipetrain
