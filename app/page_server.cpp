#include "page_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAddress = "127.0.0.1";
constexpr int kThreads = 24, kMostListeners = 16;
constexpr auto kLook = 500ms;
constexpr int kLooksAlive = 30;  // after so many without news a listener hears that we are there

// "localhost:8080" is this machine, by whatever port a tunnel has it.
bool is_local(std::string_view host) {
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  host = host.substr(0, host.find(':'));
  return host == "127.0.0.1" || host == "localhost";
}

bool is_local_origin(std::string_view origin) {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && is_local(origin.substr(kScheme.size()));
}

}  // namespace

struct PageServer::Parts {
  explicit Parts(ServedPage served) : page(std::move(served)) {}

  ServedPage page;
  httplib::Server server;
  int port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<int> listeners{0};
  std::mutex mutex;
  std::string stamp, news = ": nothing yet\n\n";  // the last data, as an event
  std::chrono::steady_clock::time_point looked{};

  // The event that tells the data as they are; the same text as long as they do not change.
  std::string latest() {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto now = std::chrono::steady_clock::now();
    if (!stamp.empty() && now - looked < kLook) return news;
    looked = now;
    std::string is = page.stamp() + "\n";
    if (is == stamp) return news;
    stamp = std::move(is);
    try {
      news = "data: " + page.data() + "\n\n";
    } catch (const std::exception& error) {  // such as a file that is just being written
      news = "event: problem\ndata: " + nlohmann::json(error.what()).dump() + "\n\n";
    }
    return news;
  }

  std::string whole() {
    const std::lock_guard<std::mutex> lock(mutex);
    return page.page();
  }

  // One listener, until it or the server goes.
  bool tell(httplib::DataSink& sink) {
    std::string told;
    for (int silent = 0; !stopping && sink.is_writable();) {
      const std::string event = latest();
      std::string text;
      if (event != told) {
        text = told = event;
      } else if (++silent % kLooksAlive == 0) {
        text = ": still here\n\n";
      }
      if (!text.empty() && !sink.write(text.data(), text.size())) return false;
      std::this_thread::sleep_for(kLook);
    }
    return false;
  }

  httplib::Server::HandlerResponse admit(const httplib::Request& request,
                                         httplib::Response& response) const {
    const auto refuse = [&](int status, const char* why) {
      response.status = status;
      response.set_content(std::string(why) + "\n", "text/plain");
      return httplib::Server::HandlerResponse::Handled;
    };
    if (request.method != "GET" && request.method != "HEAD") return refuse(405, "GET only");
    if (!is_local(request.get_header_value("Host"))) {
      return refuse(403, "this page is for this machine alone: 127.0.0.1 or localhost");
    }
    if (request.has_header("Origin") && !is_local_origin(request.get_header_value("Origin"))) {
      return refuse(403, "no page of another origin may read this one");
    }
    return httplib::Server::HandlerResponse::Unhandled;
  }

  void add_handlers() {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    // httplib's own would let a second server take the same port.
    server.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server.set_default_headers({{"Cache-Control", "no-store"},
                                {"X-Content-Type-Options", "nosniff"},
                                {"X-Frame-Options", "DENY"},
                                {"Referrer-Policy", "no-referrer"},
                                {"Cross-Origin-Resource-Policy", "same-origin"}});
    server.set_pre_routing_handler(
        [this](const auto& request, auto& response) { return admit(request, response); });
    server.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      try {
        response.set_content(whole(), "text/html; charset=utf-8");
      } catch (const std::exception& error) {
        response.status = 500;
        response.set_content(std::string("pipetrain: error: ") + error.what() + "\n",
                             "text/plain; charset=utf-8");
      }
    });
    server.Get("/events", [this](const httplib::Request&, httplib::Response& response) {
      if (++listeners > kMostListeners) {
        --listeners;
        response.status = 503;
        response.set_content("too many pages listen\n", "text/plain");
        return;
      }
      response.set_chunked_content_provider(
          "text/event-stream", [this](std::size_t, httplib::DataSink& sink) { return tell(sink); },
          [this](bool) { --listeners; });
    });
    server.set_keep_alive_max_count(100);
  }
};

PageServer::PageServer(ServedPage page, int port)
    : parts_(std::make_unique<Parts>(std::move(page))) {
  parts_->add_handlers();
  const bool bound = port == 0 ? (parts_->port = parts_->server.bind_to_any_port(kAddress)) > 0
                               : parts_->server.bind_to_port(kAddress, port);
  if (port != 0) parts_->port = port;
  if (bound) return;
  throw Error(ExitCode::kConfiguration, "port " + std::to_string(port) + " of " + kAddress +
                                            " is in use, or not allowed; choose another with "
                                            "--port, or 0 for any that is free");
}

PageServer::~PageServer() = default;

int PageServer::port() const { return parts_->port; }

void PageServer::serve(const std::function<bool()>& stopped) {
  std::thread listening([this] { parts_->server.listen_after_bind(); });
  while (!stopped()) std::this_thread::sleep_for(100ms);
  parts_->stopping = true;
  parts_->server.stop();
  listening.join();
}

}  // namespace pipetrain
