#include "state/version.h"

#include <rocksdb/version.h>

namespace weir {

std::string rocksdb_version() { return rocksdb::GetRocksVersionAsString(); }

}  // namespace weir
