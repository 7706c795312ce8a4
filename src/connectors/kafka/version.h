#pragma once

#include <string>

namespace weir::kafka {

/// Of the librdkafka that the process runs with: "2.0.2". Thread: any.
std::string library_version();

}  // namespace weir::kafka
