// weir with a mistake: after a commit the same producer goes on, doubt or not. fault_matrix.py
// shows with it that the test sees what rotation prevents. The program differs from weir in this
// object alone, which is linked in the place of the library's connectors/kafka/decider.cc.
#define kafka_decider_factory rotating_decider_factory
#include "connectors/kafka/decider.cc"
#undef kafka_decider_factory

#include "cli/commands.h"
#include "support/mutant_decider.h"

namespace weir::kafka {

DeciderFactory kafka_decider_factory(KafkaDeciderOptions options,
                                     std::shared_ptr<ProducerSlot> slot) {
  return [make = rotating_decider_factory(std::move(options),
                                          std::move(slot))]() -> Result<std::unique_ptr<Decider>> {
    WEIR_ASSIGN(std::unique_ptr<Decider> rotating, make());
    return std::unique_ptr<Decider>(std::make_unique<test::NoRotation>(std::move(rotating)));
  };
}

}  // namespace weir::kafka

int main(int argc, char** argv) { return weir::run_command_line(argc, argv); }
