#pragma once

#include <string>

#include "base/result.h"

namespace weir {

/// A shared library that is loaded when the process needs it, and then for its life.
///
/// Thread: any, immutable.
class Library {
 public:
  /// `package` is Debian's, for the message. Errors: kStopJob when it cannot be loaded.
  static Result<Library> load(const std::string& name, const std::string& package);

  /// Finds a function. Errors: kStopJob when the library has none of that name.
  template <class Function>
  Result<> find(const char* name, Function& function) const {
    WEIR_ASSIGN(void* const found, find(name));
    function = reinterpret_cast<Function>(found);
    return {};
  }

 private:
  Library(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  Result<void*> find(const char* name) const;

  void* handle_;
  std::string name_;
};

}  // namespace weir
