#include "net/curl.h"

#include <dlfcn.h>

#include <string>

namespace weir {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

Error missing() {
  const char* const why = dlerror();
  return {Action::kStopJob, "a marker in HDFS needs libcurl, which cannot be loaded (" +
                                std::string(why == nullptr ? "?" : why) +
                                "); on Debian: apt-get install libcurl4"};
}

template <class Function>
bool find(void* library, const char* name, Function& function) {
  void* const found = dlsym(library, name);
  function = reinterpret_cast<Function>(found);
  return found != nullptr;
}

Result<const Curl*> load() {
  static Curl curl;
  // For the life of the process: it leaves handlers of OpenSSL behind.
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return missing();
  decltype(&::curl_global_init) global_init = nullptr;
  const bool complete = find(library, "curl_global_init", global_init) &&
                        find(library, "curl_easy_init", curl.easy_init) &&
                        find(library, "curl_easy_setopt", curl.easy_setopt) &&
                        find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                        find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                        find(library, "curl_easy_strerror", curl.easy_strerror) &&
                        find(library, "curl_multi_init", curl.multi_init) &&
                        find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
                        find(library, "curl_multi_perform", curl.multi_perform) &&
                        find(library, "curl_multi_poll", curl.multi_poll) &&
                        find(library, "curl_multi_wakeup", curl.multi_wakeup) &&
                        find(library, "curl_multi_info_read", curl.multi_info_read) &&
                        find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
                        find(library, "curl_multi_cleanup", curl.multi_cleanup);
  if (!complete) return missing();
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Error{Action::kStopJob, "libcurl could not be initialized"};
  }
  return &curl;
}

}  // namespace

Result<const Curl*> load_curl() {
  static const Result<const Curl*> loaded = load();
  return loaded;
}

}  // namespace weir
