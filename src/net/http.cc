#include "net/http.h"

#include <fmt/format.h>

#include <array>
#include <atomic>

#include "net/curl.h"

namespace weir {
namespace {

// How often a cancelled request would be noticed if the wake-up were lost.
constexpr int kPollMs = 1000;

struct Body {
  std::string bytes;
  std::size_t bytes_max = 0;
  bool too_long = false;
};

std::size_t take_body(char* data, std::size_t /*one*/, std::size_t size, void* to) {
  Body& body = *static_cast<Body*>(to);
  if (size > body.bytes_max - body.bytes.size()) {
    body.too_long = true;
    return 0;  // curl then closes the connection
  }
  body.bytes.append(data, size);
  return size;
}

std::size_t give_nothing(char* /*to*/, std::size_t /*one*/, std::size_t /*size*/, void* /*from*/) {
  return 0;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(const Curl& curl, HttpOptions options, CURL* easy, CURLM* multi)
      : curl_(curl), options_(std::move(options)), easy_(easy), multi_(multi) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_USERAGENT, "weir");
    // A name that cannot be looked up in time is left to its thread.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_ERRORBUFFER, why_.data());
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_READFUNCTION, &give_nothing);
    if (options_.negotiate) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_NEGOTIATE);
      set(CURLOPT_USERPWD, ":");  // whoever the ticket says
    }
    if (!options_.ca.empty()) set(CURLOPT_CAINFO, options_.ca.c_str());
  }
  ~CurlClient() override {
    curl_.easy_cleanup(easy_);
    curl_.multi_cleanup(multi_);
  }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<HttpAnswer> send(const HttpRequest& request) override {
    Body body{.bytes = {}, .bytes_max = options_.body_bytes_max};
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, request.timeout.count())));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(CURLOPT_WRITEDATA, &body);
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, nullptr);
    if (request.method == HttpMethod::kPut) {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_INFILESIZE_LARGE, curl_off_t{0});
    } else if (request.method == HttpMethod::kDelete) {
      set(CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    why_[0] = '\0';
    const CURLcode done = perform();
    if (body.too_long) {
      return Error{Action::kRetry,
                   fmt::format("the answer is longer than {} bytes", options_.body_bytes_max)};
    }
    if (cancelled_) return Error{Action::kRetry, "cancelled"};
    if (done != CURLE_OK) return Error{Action::kRetry, why(done)};
    long status = 0;
    curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return HttpAnswer{.status = static_cast<int>(status), .body = std::move(body.bytes)};
  }

  void cancel() override {
    cancelled_ = true;
    curl_.multi_wakeup(multi_);
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_.easy_setopt(easy_, option, value);
  }

  // One text for one reason: the buffer's say how many milliseconds it took to be refused, and a
  // log would take each for news.
  std::string why(CURLcode done) const {
    const bool counts = done == CURLE_OPERATION_TIMEDOUT || done == CURLE_COULDNT_CONNECT;
    return counts || why_[0] == '\0' ? curl_.easy_strerror(done) : why_.data();
  }

  // By the multi interface, the only one that another thread can wake.
  CURLcode perform() {
    if (cancelled_) return CURLE_ABORTED_BY_CALLBACK;
    if (curl_.multi_add_handle(multi_, easy_) != CURLM_OK) return CURLE_FAILED_INIT;
    CURLcode done = CURLE_ABORTED_BY_CALLBACK;
    for (int running = 1; running > 0 && !cancelled_;) {
      if (curl_.multi_perform(multi_, &running) != CURLM_OK) break;
      if (running > 0) curl_.multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    int left = 0;
    while (const CURLMsg* const said = curl_.multi_info_read(multi_, &left)) {
      if (said->msg == CURLMSG_DONE) done = said->data.result;
    }
    curl_.multi_remove_handle(multi_, easy_);
    return done;
  }

  const Curl& curl_;
  const HttpOptions options_;
  CURL* const easy_;
  CURLM* const multi_;
  std::array<char, CURL_ERROR_SIZE> why_{};
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::open(HttpOptions options) {
  WEIR_ASSIGN(const Curl* const curl, load_curl());
  CURL* const easy = curl->easy_init();
  CURLM* const multi = curl->multi_init();
  if (easy == nullptr || multi == nullptr) {
    curl->easy_cleanup(easy);
    curl->multi_cleanup(multi);
    return Error{Action::kStopJob, "libcurl is out of memory"};
  }
  return std::unique_ptr<HttpClient>(
      std::make_unique<CurlClient>(*curl, std::move(options), easy, multi));
}

}  // namespace weir
