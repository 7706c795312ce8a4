#include "connectors/kafka/version.h"

#include <librdkafka/rdkafka.h>

namespace weir::kafka {

std::string library_version() { return rd_kafka_version_str(); }

}  // namespace weir::kafka
