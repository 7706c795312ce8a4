#include "net/library.h"

#include <dlfcn.h>

namespace weir {
namespace {

std::string last_error() {
  const char* const why = dlerror();
  return why == nullptr ? "?" : why;
}

}  // namespace

Result<Library> Library::load(const std::string& name, const std::string& package) {
  // RTLD_NODELETE: they leave handlers of OpenSSL and of the thread library behind.
  void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    return Error{Action::kStopJob, name + " is needed and cannot be loaded (" + last_error() +
                                       "); on Debian: apt-get install " + package};
  }
  return Library(handle, name);
}

Result<void*> Library::find(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (found == nullptr) {
    return Error{Action::kStopJob, name_ + " is too old: it has no " + std::string(name)};
  }
  return found;
}

}  // namespace weir
