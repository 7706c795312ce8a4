#pragma once

#include <map>
#include <string>

#include "connectors/kafka/client.h"
#include "spec/job_spec.h"

namespace weir {

/// One of the job's clusters is logged in to by Kerberos.
bool uses_kerberos(const JobSpec& job);

/// A cluster of weir.yaml, or the brokers of a job file, as connectors/kafka takes it. Its secrets
/// are read at every connect, so that one that was changed is taken up.
kafka::KafkaCluster cluster_of(const KafkaEndpoint& endpoint);

/// `properties:` of a source or sink, read at every connect as well.
kafka::PropertyReader properties_of(const KafkaProperties& properties);

}  // namespace weir
