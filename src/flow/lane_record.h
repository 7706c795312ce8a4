#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/ids.h"

namespace weir {

/// Whose epochs these are. `<instance>.<job>.<lane>` names the transactional id and the cell's
/// group; none of the three holds a dot, so it reads one way. `job` of generation n > 1 is
/// "<job>.g<n>" already, the one exception, made by plan/.
struct LaneId {
  std::string instance;
  std::string job;
  std::string lane;
  std::string dotted() const { return instance + "." + job + "." + lane; }
  auto operator<=>(const LaneId&) const = default;
};

/// A unit of input: a Kafka partition ("topic/3"), a file. Named, not numbered: it is durable.
struct SplitId {
  std::string source;  ///< the source's name in the job file
  std::string split;   ///< the source's own name of it
  std::string text() const { return source + "/" + split; }
  auto operator<=>(const SplitId&) const = default;
};

/// Where reading goes on, as the source's own bytes; only its connector looks inside. Kafka: next
/// offset and the fingerprint of the record before it (connectors/kafka/position.h).
struct Position {
  std::string bytes;
  auto operator<=>(const Position&) const = default;
};

/// What is durable about one split.
struct SplitProgress {
  Position position;
  std::optional<WallTime> watermark;  ///< largest event time seen minus lag
  bool idle = false;
  bool operator==(const SplitProgress&) const = default;
};
using SplitProgressMap = std::map<SplitId, SplitProgress>;
/// Records to leave out, each named by the position that reads it. An entry lives until a claim
/// finds the split's position behind it.
using SkipMap = std::map<SplitId, std::set<Position>>;

enum class DeciderKind : std::uint8_t { kKafka = 1, kPostgres = 2, kLocal = 3 };

/// How to reach the decider that holds the last decision; no secrets. Its cluster id tells whether
/// it is the same one, name and brokers only help to reach it.
struct DeciderRecord {
  DeciderKind kind = DeciderKind::kKafka;
  std::string cluster_id;
  std::string cluster_name;
  std::string brokers;
  std::string epoch_topic;
  std::string transactional_id;
  bool operator==(const DeciderRecord&) const = default;
};

struct SourceRecord {
  std::string cluster_id;                ///< identity(); HALT source_rewritten when it differs
  std::map<std::string, Position> ends;  ///< split -> resolved `end:`; empty when unbounded
  std::string end = {};                  ///< Source::end_text() that they were resolved from
  bool operator==(const SourceRecord&) const = default;
};

/// LANE of epochs.md section 2: what this machine knows of the lane up to epoch L. Its grammar on
/// disk is state/'s. A light lane writes it at claims and clean stops only.
struct LaneRecord {
  LaneId id;
  OwnerId owner;       ///< the owner last found in the cell, or ours after a claim; 0 none
  OwnerId owner_next;  ///< ours, being claimed; every commit carries it; 0 none
  EpochId epoch;       ///< L, the last committed one this record knows of
  AttemptId attempt;   ///< of L
  std::optional<Digest> digest;  ///< of L's D record; none when L was light
  bool light = true;
  bool clean_stop = false;
  PlanHash plan;
  DeciderRecord decider;
  std::map<std::string, SourceRecord> sources;  ///< by source name
  SplitProgressMap splits;
  std::optional<WallTime> watermark;  ///< the lane's
  WallTime clock{};                   ///< of epoch L; never falls
  SkipMap skips;                      ///< by `weir offsets JOB skip`
  bool operator==(const LaneRecord&) const = default;
};

}  // namespace weir
