#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace weir {

/// The functions of libcurl that net/ calls, found in the library when the process needs it.
///
/// Thread: any, immutable.
struct Curl {
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_wakeup) multi_wakeup;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_cleanup) multi_cleanup;
};

/// Loads the library once in the life of the process. Thread: any.
/// Errors: kStopJob when it is not there, or lacks one of the functions.
Result<const Curl*> load_curl();

}  // namespace weir
