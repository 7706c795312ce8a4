#include "support/fake_producer.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

Error unreachable(const char* where) {
  return {Action::kRetry, Code::kBrokersUnreachable, std::string(where) + ": no broker answers"};
}

Error refused(Answer answer, const std::string& what) {
  switch (answer) {
    case Answer::kFenced:
      return {Action::kRecover, Code::kFenced, what + ": fenced"};
    case Answer::kTooLarge:
      return {Action::kRecover, Code::kRowsRefused, what + ": the record is too large"};
    case Answer::kUnknownTopic:
      return {Action::kRecover, Code::kTopicMissing, what + ": unknown topic or partition"};
    case Answer::kOk:
    case Answer::kInvalidState:
    case Answer::kBusy:
      break;
  }
  return {Action::kRecover, what + ": the transaction is in another state"};
}

}  // namespace

Result<> reach(const FakeCluster& cluster, Interrupts& interrupts, const char* where,
               MonoTime deadline) {
  interrupts.point(where);
  const bool lost = interrupts.fault(where) == Fault::kLost;
  while (lost || !cluster.reachable()) {
    if (!interrupts.wait(where, deadline)) return unreachable(where);
  }
  return {};
}

void FakeProducer::begin() {
  first_error_.reset();
  added_.clear();
}

void FakeProducer::write(const TopicPartition& partition, FakeRecord record) {
  queue_.emplace_back(partition, std::move(record));
  interrupts_.point("produce.queued");
  if (!cluster_.reachable() || interrupts_.fault("produce") != Fault::kNone) return;
  while (!queue_.empty() && send_one()) {
  }
}

// Sends the oldest row and takes its delivery report. False when the broker is busy with the
// transaction before; the row stays.
bool FakeProducer::send_one() {
  auto& [partition, record] = queue_.front();
  Answer answer = Answer::kOk;
  if (!added_.contains(partition)) answer = cluster_.add_partition(id_, partition);
  if (answer == Answer::kBusy) return false;
  added_.insert(partition);
  if (answer == Answer::kOk) answer = cluster_.produce(id_, partition, std::move(record));
  if (answer != Answer::kOk && !first_error_) {
    first_error_ = refused(answer, "writing to topic " + partition.topic);
  }
  queue_.pop_front();
  return true;
}

Result<> FakeProducer::flush(MonoTime deadline) {
  interrupts_.point("flush");
  while (!queue_.empty()) {
    if (cluster_.reachable() && send_one()) continue;
    if (interrupts_.wait("flush", deadline)) continue;
    return Error{Action::kRecover, Code::kBrokersUnreachable,
                 "the broker did not acknowledge every record of the epoch in time"};
  }
  interrupts_.point("flush.done");
  if (first_error_) return *first_error_;
  return {};
}

Result<> FakeProducer::wait_a_while(const char* where) {
  interrupts_.wait(where, interrupts_.clock().mono() + seconds(2));
  if (slot_.is_newest(generation_)) return {};
  return Error{Action::kRecover, "this decider was abandoned; a newer one has its place"};
}

Result<> FakeProducer::send_offsets(const std::string& group, GroupOffsets offsets) {
  Answer answer = Answer::kBusy;
  while (true) {
    interrupts_.point("offsets.add");
    if (cluster_.reachable()) answer = cluster_.add_group(id_, group);
    if (answer != Answer::kBusy) break;
    WEIR_TRY(wait_a_while("offsets.busy"));
  }
  if (answer != Answer::kOk) return refused(answer, "sending the offsets of group " + group);
  return request({Request::Kind::kOffsets, id_, group, std::move(offsets)},
                 {"offsets", "offsets.sent", "offsets.answered"});
}

Result<> FakeProducer::commit() {
  return request({Request::Kind::kCommit, id_, {}, {}},
                 {"commit", "commit.sent", "commit.answered"});
}

void FakeProducer::abort() {
  queue_.clear();
  interrupts_.point("abort.sent");
  if (cluster_.reachable()) cluster_.arrive(cluster_.send({Request::Kind::kAbort, id_, {}, {}}));
  interrupts_.point("abort.answered");
}

Result<> FakeProducer::request(const Request& request, const Place& place) {
  const Error unknown{Action::kRecover, std::string(place.fault) + ": the outcome is unknown"};
  const Fault fault = interrupts_.fault(place.fault);
  RequestId under_way = cluster_.send(request);
  interrupts_.point(place.sent);
  switch (fault) {
    case Fault::kNone:
    case Fault::kRefused:
      break;
    case Fault::kLost:
      cluster_.lose(under_way);
      break;
    case Fault::kAnswerLost:
      cluster_.arrive(under_way);
      break;
    case Fault::kLateCopy:
      under_way = cluster_.send(request);
      ++doubts_;
      break;
    case Fault::kDoneUnseen:
      cluster_.arrive(under_way);
      return unknown;
    case Fault::kGivenUp:
      return unknown;
    case Fault::kStuck:
      while (true) WEIR_TRY(wait_a_while(place.sent));
  }
  while (!cluster_.reachable()) WEIR_TRY(wait_a_while(place.sent));
  std::optional<Answer> answer = cluster_.arrive(under_way);
  if (!answer) {
    // The network took the first one, and nobody saw its answer: librdkafka repeats it.
    ++doubts_;
    answer = cluster_.arrive(cluster_.send(request));
  }
  interrupts_.point(place.answered);
  if (*answer != Answer::kOk) return refused(*answer, place.fault);
  return {};
}

}  // namespace weir::test
