#include "connectors/kafka/sasl_plugins.h"

#include <dlfcn.h>

namespace weir::kafka {

void skip_sasl_plugins() {
  // librdkafka brings the library, if it was built with it; its headers are not wanted for one
  // call. <sasl/sasl.h>: int sasl_set_path(int path_type, char* path).
  using SetPath = int (*)(int, char*);
  constexpr int kPluginPath = 0;  // SASL_PATH_TYPE_PLUGIN
  static char nowhere[] = "/nonexistent";
  const auto set_path = reinterpret_cast<SetPath>(dlsym(RTLD_DEFAULT, "sasl_set_path"));
  if (set_path != nullptr) set_path(kPluginPath, nowhere);
}

}  // namespace weir::kafka
