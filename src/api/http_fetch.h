#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace weir {

/// One request to a unix socket.
struct HttpFetch {
  std::string socket;
  std::string method = "GET";
  std::string target;  ///< path and query, percent-encoded
  // What came of it:
  int status = 0;  ///< 0: nothing; `error` says why
  std::string body = {};
  std::string error = {};
  int error_number = 0;  ///< errno, when it was the system's
};

/// Does all of `fetches` at once, and returns when each has its answer or `limit` has passed. An
/// answer is at most `bytes_max` long. Thread: any.
void fetch_all(std::vector<HttpFetch>& fetches, std::chrono::milliseconds limit,
               std::size_t bytes_max = 16U << 20U);

/// `text` with what a path may not hold in it as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace weir
