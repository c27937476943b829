// Serves one page on this machine alone, 127.0.0.1, and sends what is new of its data to the
// browsers that have it open (server-sent events). It reads no file by a name that a browser sends,
// and answers no page of another origin. It must not know what is on the page.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace pipetrain {

struct ServedPage {
  std::function<std::string()> stamp;  // changes when the data do
  std::function<std::string()> data;   // JSON on one line; what it throws browsers are told
  std::function<std::string()> page;   // the whole page
};

class PageServer {
 public:
  // Takes the port; 0: any that is free. Error(kConfiguration) if it is in use. serve() calls the
  // functions, one at a time.
  PageServer(ServedPage page, int port);
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  int port() const;
  // Until `stopped` says so.
  void serve(const std::function<bool()>& stopped);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pipetrain
