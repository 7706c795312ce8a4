#include <catch2/catch.hpp>

#include "real/kafka_cluster_rig.h"

namespace weir::kafka::test {
namespace {

TEST_CASE("KafkaSource: keeps the contract of Source", "[real]") {
  for (const auto& clause : weir::test::source_contract()) {
    DYNAMIC_SECTION(clause.says) {
      KafkaClusterRig rig;
      clause.check(rig);
    }
  }
}

}  // namespace
}  // namespace weir::kafka::test
