#include "page_server.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/output.h"

namespace pipetrain {
namespace {

constexpr const char* kAddress = "127.0.0.1";
constexpr std::size_t kMostListeners = 16;
constexpr timeval kTick{.tv_sec = 0, .tv_usec = 100'000};
constexpr int kTicksALook = 5;
constexpr int kLooksAlive = 30;  // after so many without news a listener hears that we are there
constexpr int kPatienceSeconds = 30;
constexpr int kMostHeaderBytes = 16 << 10, kMostBodyBytes = 4 << 10;
constexpr const char* kPlainText = "text/plain; charset=utf-8";
// All that the library knows: what is refused is refused here.
constexpr std::uint16_t kMethods = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                   EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                   EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* it) const {
    kFree(it);
  }
};
template <typename T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;
using OwnedBytes = Owned<evbuffer, evbuffer_free>;

template <typename T>
T* existing(T* it) {
  if (it == nullptr) throw std::bad_alloc();
  return it;
}

OwnedBytes bytes_of(std::string_view text) {
  OwnedBytes bytes(existing(evbuffer_new()));
  if (evbuffer_add(bytes.get(), text.data(), text.size()) != 0) throw std::bad_alloc();
  return bytes;
}

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

bool is_head(evhttp_request* request) {
  return evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
}

void add_headers(evhttp_request* request, const char* kind) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  for (const auto& [name, value] :
       {std::pair("Content-Type", kind), std::pair("Cache-Control", "no-store"),
        std::pair("X-Content-Type-Options", "nosniff"), std::pair("X-Frame-Options", "DENY"),
        std::pair("Referrer-Policy", "no-referrer"),
        std::pair("Cross-Origin-Resource-Policy", "same-origin")}) {
    evhttp_add_header(headers, name, value);
  }
}

void answer(evhttp_request* request, int status, const char* kind, std::string_view text) {
  const OwnedBytes body = bytes_of(is_head(request) ? std::string_view() : text);
  add_headers(request, kind);
  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length",
                    std::to_string(text.size()).c_str());
  evhttp_send_reply(request, status, nullptr, body.get());
}

// Whether the request may be answered; if not, it is told why.
bool admit(evhttp_request* request) {
  const auto refuse = [&](int status, const char* why) {
    answer(request, status, kPlainText, why);
    return false;
  };
  if (evhttp_request_get_command(request) != EVHTTP_REQ_GET && !is_head(request)) {
    return refuse(405, "GET only\n");
  }
  const evkeyvalq* headers = evhttp_request_get_input_headers(request);
  const char* host = evhttp_find_header(headers, "Host");
  const char* origin = evhttp_find_header(headers, "Origin");
  if (host == nullptr || !is_local(host)) {
    return refuse(403, "this page is for this machine alone: 127.0.0.1 or localhost\n");
  }
  if (origin != nullptr && !is_local_origin(origin)) {
    return refuse(403, "no page of another origin may read this one\n");
  }
  return true;
}

// A browser that has the page open.
struct Listener {
  evhttp_request* request;
  evhttp_connection* connection;
  int told = 0;  // the number of the news that it has
  int silent = 0;

  void send(std::string_view text) const { evhttp_send_reply_chunk(request, bytes_of(text).get()); }
  bool is_behind() const {
    bufferevent* way = evhttp_connection_get_bufferevent(connection);
    return evbuffer_get_length(bufferevent_get_output(way)) > 0;
  }
};

}  // namespace

// libevent calls back with this as its argument. It is C: no exception may pass through it.
struct PageServer::Parts {
  ServedPage page;
  int port = 0, ticks = 0;
  const std::function<bool()>* stopped = nullptr;
  std::string stamp, news;  // the last data, as an event
  int news_number = 0;
  std::vector<Listener> listeners;
  Owned<event_base, event_base_free> base{existing(event_base_new())};
  Owned<evhttp, evhttp_free> http{existing(evhttp_new(base.get()))};
  Owned<event, event_free> timer{
      existing(event_new(base.get(), -1, EV_PERSIST, &Parts::on_tick, this))};

  explicit Parts(ServedPage served) : page(std::move(served)) {
    evhttp_set_allowed_methods(http.get(), kMethods);
    evhttp_set_max_headers_size(http.get(), kMostHeaderBytes);
    evhttp_set_max_body_size(http.get(), kMostBodyBytes);
    evhttp_set_timeout(http.get(), kPatienceSeconds);
    evhttp_set_gencb(http.get(), &Parts::on_request, this);
  }

  bool bind(int asked) {
    const auto wanted = static_cast<std::uint16_t>(asked);
    evhttp_bound_socket* bound = evhttp_bind_socket_with_handle(http.get(), kAddress, wanted);
    if (bound == nullptr) return false;
    sockaddr_in address{};
    socklen_t size = sizeof address;
    void* place = &address;
    if (::getsockname(evhttp_bound_socket_get_fd(bound), static_cast<sockaddr*>(place), &size) != 0)
      return false;
    port = ntohs(address.sin_port);
    return true;
  }

  // `news` becomes the event that tells the data as they are, if they have changed.
  void look() {
    std::string is, found;
    try {
      is = page.stamp() + "\n";
      if (is == stamp) return;
      found = "data: " + page.data() + "\n\n";
    } catch (const std::exception& error) {  // such as a file that is just being written
      found = "event: problem\ndata: " + nlohmann::json(error.what()).dump() + "\n\n";
    }
    stamp = std::move(is);
    if (found == news) return;
    news = std::move(found);
    ++news_number;
  }

  void tell(Listener& listener) const {
    if (listener.is_behind()) return;
    if (listener.told != news_number) {
      listener.told = news_number;
      listener.send(news);
    } else if (++listener.silent % kLooksAlive == 0) {
      listener.send(": still here\n\n");
    }
  }

  void listen(evhttp_request* request) {
    if (is_head(request)) return answer(request, 200, "text/event-stream", "");
    if (listeners.size() >= kMostListeners) {
      return answer(request, 503, kPlainText, "too many pages listen\n");
    }
    look();
    evhttp_connection* connection = evhttp_request_get_connection(request);
    // Nothing more is heard from a browser that listens.
    constexpr timeval kWrite{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), nullptr, &kWrite);
    evhttp_connection_set_closecb(connection, &Parts::on_close, this);
    add_headers(request, "text/event-stream");
    listeners.push_back({.request = request, .connection = connection});
    evhttp_send_reply_start(request, 200, nullptr);
    listeners.back().told = news_number;
    listeners.back().send(news);
  }

  void respond(evhttp_request* request) {
    if (!admit(request)) return;
    const char* found = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const std::string_view path = found == nullptr ? "" : found;
    if (path == "/events") return listen(request);
    if (path != "/") return answer(request, 404, kPlainText, "there is one page here: /\n");
    try {
      answer(request, 200, "text/html; charset=utf-8", page.page());
    } catch (const std::exception& error) {
      answer(request, 500, kPlainText, std::string("pipetrain: error: ") + error.what() + "\n");
    }
  }

  static void on_request(evhttp_request* request, void* self) {
    try {
      static_cast<Parts*>(self)->respond(request);
    } catch (const std::exception&) {  // no memory, most likely
      evhttp_connection_free(evhttp_request_get_connection(request));
    }
  }

  static void on_close(evhttp_connection* connection, void* self) {
    std::erase_if(static_cast<Parts*>(self)->listeners, [&](const Listener& listener) {
      if (listener.connection != connection) return false;
      // A browser that leaves takes the connection from its request, which is then ours to free.
      if (evhttp_request_get_connection(listener.request) == nullptr) {
        evhttp_request_free(listener.request);
      }
      return true;
    });
  }

  static void on_tick(evutil_socket_t, short, void* self) {
    Parts& parts = *static_cast<Parts*>(self);
    try {
      if ((*parts.stopped)()) event_base_loopbreak(parts.base.get());
      if (++parts.ticks % kTicksALook != 0 || parts.listeners.empty()) return;
      parts.look();
      for (Listener& listener : parts.listeners) parts.tell(listener);
    } catch (const std::exception&) {  // the next look may succeed
      return;
    }
  }
};

PageServer::PageServer(ServedPage page, int port)
    : parts_(std::make_unique<Parts>(std::move(page))) {
  if (parts_->bind(port)) return;
  throw Error(ExitCode::kConfiguration, "port " + std::to_string(port) + " of " + kAddress +
                                            " is in use, or not allowed; choose another with "
                                            "--port, or 0 for any that is free");
}

PageServer::~PageServer() = default;

int PageServer::port() const { return parts_->port; }

void PageServer::serve(const std::function<bool()>& stopped) {
  ignore_closed_pipes();  // browsers come and go
  parts_->stopped = &stopped;
  event_add(parts_->timer.get(), &kTick);
  event_base_dispatch(parts_->base.get());
}

}  // namespace pipetrain
