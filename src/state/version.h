#pragma once

#include <string>

namespace weir {

/// Of the RocksDB that the process runs with: "7.8.3". Thread: any.
std::string rocksdb_version();

}  // namespace weir
