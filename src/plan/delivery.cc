#include "plan/delivery.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {
namespace {

class DeliveryPlanner {
 public:
  DeliveryPlanner(const JobSpec& job, Diagnostics& diagnostics)
      : job_(job), diagnostics_(diagnostics) {}

  Delivery plan() {
    delivery_.by = job_.offsets.given ? *job_.offsets : preset();
    switch (delivery_.by) {
      case DecidedBy::kSink:
        by_sink();
        break;
      case DecidedBy::kKafka:
        by_input();
        break;
      case DecidedBy::kCheckpoint:
        break;
    }
    for (const SinkSpec& sink : job_.sinks) delivery_.sinks.push_back(role(sink));
    for (const SinkSpec& sink : job_.dlqs) delivery_.dlqs.push_back(dlq_role(sink));
    find_light();
    return std::move(delivery_);
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint) {
    diagnostics_.error(*job_.source, at, code, std::move(message), std::move(hint));
  }
  bool exactly_once() const { return *job_.guarantee == Guarantee::kExactlyOnce; }

  const KafkaEndpoint* first_input() const {
    for (const SourceSpec& source : job_.sources) {
      if (source.kind == SourceKind::kKafka) return &source.kafka.endpoint;
    }
    return nullptr;
  }
  const SinkSpec* first_kafka_sink() const {
    for (const SinkSpec& sink : job_.sinks) {
      if (sink.kind == SinkKind::kKafka) return &sink;
    }
    return nullptr;
  }

  DecidedBy preset() const {
    if (exactly_once() && first_kafka_sink() != nullptr) return DecidedBy::kSink;
    return first_input() != nullptr ? DecidedBy::kKafka : DecidedBy::kCheckpoint;
  }

  // The input's cluster when a sink writes there, else the first Kafka sink's.
  void by_sink() {
    const SinkSpec* const first = first_kafka_sink();
    if (!exactly_once()) {
      error(job_.offsets.at, Code::kDelivery,
            "with `guarantee: at_least_once` no sink can decide: its rows are visible at once",
            "offsets: kafka, or checkpoint");
    } else if (first == nullptr) {
      error(job_.offsets.at, Code::kDelivery, "no sink of this job can decide: none is Kafka",
            first_input() != nullptr ? "offsets: kafka, or checkpoint" : "offsets: checkpoint");
    } else {
      delivery_.cluster = first->kafka.endpoint;
      for (const SourceSpec& source : job_.sources) {
        if (source.kind != SourceKind::kKafka) continue;
        const KafkaEndpoint& input = source.kafka.endpoint;
        const auto writes_there = [&](const SinkSpec& sink) {
          return sink.kind == SinkKind::kKafka && same_cluster(sink.kafka.endpoint, input);
        };
        if (!std::any_of(job_.sinks.begin(), job_.sinks.end(), writes_there)) continue;
        delivery_.cluster = input;
        return;
      }
    }
  }

  void by_input() {
    if (const KafkaEndpoint* input = first_input()) {
      delivery_.cluster = *input;
      return;
    }
    error(job_.offsets.at, Code::kDelivery, "`offsets: kafka` needs a Kafka source",
          "offsets: checkpoint keeps the positions in the state directory");
  }

  SinkRole role(const SinkSpec& sink) {
    if (sink.kind != SinkKind::kKafka) return SinkRole::kFollower;
    if (!exactly_once()) return SinkRole::kPlain;
    if (delivery_.by != DecidedBy::kSink) {
      error(job_.offsets.at, Code::kDelivery,
            fmt::format("with `offsets: {}` the rows of sink \"{}\" could repeat after a crash",
                        to_string(delivery_.by), *sink.name),
            "offsets: sink commits rows and positions together; or say guarantee: at_least_once");
    } else if (delivery_.cluster && !same_cluster(*delivery_.cluster, sink.kafka.endpoint)) {
      error(
          sink.kafka.endpoint.at, Code::kDelivery,
          fmt::format("sink \"{}\" writes another cluster than the one whose transaction decides, "
                      "so its rows could repeat after a crash",
                      *sink.name),
          "make it a job of its own, or say guarantee: at_least_once");
    }
    return SinkRole::kTransaction;
  }

  SinkRole dlq_role(const SinkSpec& sink) {
    if (!exactly_once()) return SinkRole::kPlain;
    if (!delivery_.cluster || !same_cluster(*delivery_.cluster, sink.kafka.endpoint)) {
      error(
          sink.kafka.endpoint.at, Code::kNotInThisVersion,
          fmt::format("a dead-letter topic outside of the deciding cluster (\"{}\") is not in this "
                      "version of weir",
                      *sink.name),
          delivery_.cluster ? "name a topic of that cluster" : "use skip");
    }
    return SinkRole::kTransaction;
  }

  void find_light() {
    const auto elsewhere = [&](const SourceSpec& source) {
      return source.kind != SourceKind::kKafka || !delivery_.cluster ||
             !same_cluster(*delivery_.cluster, source.kafka.endpoint);
    };
    const auto& roles = delivery_.sinks;
    delivery_.light = std::none_of(job_.sources.begin(), job_.sources.end(), elsewhere) &&
                      std::find(roles.begin(), roles.end(), SinkRole::kFollower) == roles.end();
    if (delivery_.light || job_.takeover.value != Takeover::kAuto || diagnostics_.has_errors()) {
      return;
    }
    error(job_.takeover.at, Code::kDelivery,
          "`takeover: auto` is for jobs that keep nothing in their state directory, and this one "
          "does",
          "takeover: ask");
  }

  const JobSpec& job_;
  Diagnostics& diagnostics_;
  Delivery delivery_;
};

}  // namespace

Delivery plan_delivery(const JobSpec& job, Diagnostics& diagnostics) {
  return DeliveryPlanner(job, diagnostics).plan();
}

}  // namespace weir
