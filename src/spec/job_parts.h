#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/tree_values.h"
#include "spec/weir_config.h"

namespace weir {

/// What reading a source, step or sink needs beside its own part of the checked tree. Mistakes that
/// show only when several keys are seen together go to `diagnostics`.
///
/// Owned by parse_job. Thread: its caller's.
struct PartContext {
  const SourceText& source;
  const WeirConfig& config;
  const KafkaReader& kafka;
  Diagnostics& diagnostics;

  void error(Place at, Code code, std::string message, std::string hint = {}) const {
    diagnostics.error(source, at, code, std::move(message), std::move(hint));
  }
};

/// `group` is the one of a Kafka source that names none.
SourceSpec read_source(const YamlEntry& entry, const std::string& group,
                       const PartContext& context);
StepSpec read_step(const YamlNode& item, const PartContext& context);
SinkSpec read_sink(const YamlEntry& entry, const PartContext& context);
/// One of `errors.sinks`.
SinkSpec read_dlq(const YamlEntry& entry, const PartContext& context);

/// `stop.marker`; `map` may be null.
MarkerSpec read_marker(const YamlNode* map, const PartContext& context);

/// `cluster:` or `brokers:` of the `kafka:` map of `label`.
KafkaEndpoint read_endpoint(const YamlNode& map, Place at, const std::string& label,
                            const PartContext& context);
/// `csv:` of a source or sink.
CsvSpec read_csv(const YamlNode& map, const Located<FormatKind>& format,
                 const PartContext& context);
std::optional<Located<FormatKind>> read_format(const YamlNode& map);

/// Reports that none, or more than one, of `keys` is in `where`; true when exactly one is.
/// `others`: a key of a later version stands for the one that is missing.
bool exactly_one(const YamlNode& map, std::initializer_list<std::string_view> keys, Place at,
                 const std::string& where, std::string_view example, const PartContext& context,
                 bool others = false);

}  // namespace weir
