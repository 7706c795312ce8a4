#include "net/curl.h"

#include "net/library.h"

namespace weir {
namespace {

Result<Curl> load() {
  WEIR_ASSIGN(const Library library, Library::load("libcurl.so.4", "libcurl4"));
  Curl curl{};
  decltype(&::curl_global_init) global_init = nullptr;
  WEIR_TRY(library.find("curl_global_init", global_init));
  WEIR_TRY(library.find("curl_easy_init", curl.easy_init));
  WEIR_TRY(library.find("curl_easy_setopt", curl.easy_setopt));
  WEIR_TRY(library.find("curl_easy_getinfo", curl.easy_getinfo));
  WEIR_TRY(library.find("curl_easy_cleanup", curl.easy_cleanup));
  WEIR_TRY(library.find("curl_easy_strerror", curl.easy_strerror));
  WEIR_TRY(library.find("curl_multi_init", curl.multi_init));
  WEIR_TRY(library.find("curl_multi_add_handle", curl.multi_add_handle));
  WEIR_TRY(library.find("curl_multi_perform", curl.multi_perform));
  WEIR_TRY(library.find("curl_multi_poll", curl.multi_poll));
  WEIR_TRY(library.find("curl_multi_wakeup", curl.multi_wakeup));
  WEIR_TRY(library.find("curl_multi_info_read", curl.multi_info_read));
  WEIR_TRY(library.find("curl_multi_remove_handle", curl.multi_remove_handle));
  WEIR_TRY(library.find("curl_multi_cleanup", curl.multi_cleanup));
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Error{Action::kStopJob, "libcurl could not be initialized"};
  }
  return curl;
}

}  // namespace

Result<const Curl*> load_curl() {
  static const Result<Curl> loaded = load();
  if (!loaded) return loaded.error();
  return &*loaded;
}

}  // namespace weir
