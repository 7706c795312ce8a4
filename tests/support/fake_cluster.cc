#include "support/fake_cluster.h"

#include <algorithm>
#include <utility>

namespace weir::test {

void FakeCluster::set_reachable(bool reachable) {
  reachable_ = reachable;
  if (!reachable) return;
  for (const auto& [partition, watches] : watches_) wake(partition);
}

void FakeCluster::create_topic(const std::string& topic, int partitions,
                               std::size_t value_bytes_max) {
  topics_[topic] = {value_bytes_max, std::vector<FakeLog>(static_cast<std::size_t>(partitions))};
}

void FakeCluster::add_partitions(const std::string& topic, int partitions) {
  topics_.at(topic).partitions.resize(static_cast<std::size_t>(partitions));
}

void FakeCluster::delete_topic(const std::string& topic) {
  topics_.erase(topic);
  const auto of_topic = [&](const auto& entry) { return entry.first.topic == topic; };
  for (auto& [group, offsets] : offsets_) std::erase_if(offsets, of_topic);
  for (auto& [id, transaction] : transactions_) {
    std::erase_if(transaction.rows, of_topic);
    for (auto& [group, offsets] : transaction.groups) std::erase_if(offsets, of_topic);
  }
  for (Marker& marker : markers_) {
    std::erase_if(marker.offsets, of_topic);
    if (marker.partition.topic == topic) marker.rows.clear();
  }
}

std::map<std::string, std::int32_t> FakeCluster::topics() const {
  std::map<std::string, std::int32_t> counts;
  for (const auto& [name, topic] : topics_) {
    counts[name] = static_cast<std::int32_t>(topic.partitions.size());
  }
  return counts;
}

FakeLog* FakeCluster::log(const TopicPartition& partition) {
  const auto topic = topics_.find(partition.topic);
  const auto index = static_cast<std::size_t>(partition.partition);
  if (topic == topics_.end() || index >= topic->second.partitions.size()) return nullptr;
  return &topic->second.partitions[index];
}

Answer FakeCluster::produce_plainly(const TopicPartition& partition, FakeRecord record) {
  FakeLog* const to = log(partition);
  if (to == nullptr) return Answer::kUnknownTopic;
  to->append(std::move(record), false);
  wake(partition);
  return Answer::kOk;
}

void FakeCluster::watch(const TopicPartition& partition, std::weak_ptr<LogWatch> watch) {
  std::vector<std::weak_ptr<LogWatch>>& all = watches_[partition];
  std::erase_if(all, [](const auto& each) { return each.expired(); });
  all.push_back(std::move(watch));
}

void FakeCluster::wake(const TopicPartition& partition) {
  const auto found = watches_.find(partition);
  if (found == watches_.end()) return;
  for (const std::weak_ptr<LogWatch>& weak : found->second) {
    const std::shared_ptr<LogWatch> watch = weak.lock();
    if (watch && std::exchange(watch->armed, false)) watch->waker->wake();
  }
}

std::vector<FakeRecord> FakeCluster::read_committed(const std::string& topic) {
  std::vector<FakeRecord> seen;
  for (const FakeLog& partition : topics_.at(topic).partitions) {
    for (std::int64_t at = partition.begin(); at < partition.stable_end(); ++at) {
      if (const FakeRecord* record = partition.visible(at)) seen.push_back(*record);
    }
  }
  return seen;
}

std::optional<GroupOffset> FakeCluster::committed(const std::string& group,
                                                  const TopicPartition& partition) const {
  const auto offsets = offsets_.find(group);
  if (offsets == offsets_.end()) return std::nullopt;
  const auto offset = offsets->second.find(partition);
  if (offset == offsets->second.end()) return std::nullopt;
  return offset->second;
}

bool FakeCluster::unsettled(const std::string& group, const TopicPartition& partition) const {
  for (const auto& [id, transaction] : transactions_) {
    const auto pending = transaction.groups.find(group);
    if (pending != transaction.groups.end() && pending->second.contains(partition)) return true;
  }
  return std::any_of(markers_.begin(), markers_.end(), [&](const Marker& marker) {
    return marker.group == group && marker.offsets.contains(partition);
  });
}

void FakeCluster::commit_plainly(const std::string& group, const TopicPartition& partition,
                                 GroupOffset offset) {
  offsets_[group][partition] = std::move(offset);
}

void FakeCluster::forget(const std::string& group, const TopicPartition& partition) {
  offsets_[group].erase(partition);
}

std::optional<ProducerId> FakeCluster::init(const std::string& transactional_id) {
  Transaction& transaction = transactions_[transactional_id];
  if (transaction.open) {
    ++transaction.epoch;
    decide(transactional_id, transaction, Request::Kind::kAbort);
  }
  if (transaction.markers != 0) return std::nullopt;
  ++transaction.epoch;
  transaction.last_outcome.reset();
  return ProducerId{transactional_id, transaction.epoch};
}

Answer FakeCluster::check(const ProducerId& producer, Transaction*& transaction) {
  transaction = &transactions_[producer.transactional_id];
  return transaction->epoch == producer.epoch ? Answer::kOk : Answer::kFenced;
}

Answer FakeCluster::add_partition(const ProducerId& producer, const TopicPartition& partition) {
  Transaction* transaction = nullptr;
  if (check(producer, transaction) != Answer::kOk) return Answer::kFenced;
  if (log(partition) == nullptr) return Answer::kUnknownTopic;
  if (transaction->markers != 0) return Answer::kBusy;
  transaction->open = true;
  transaction->rows[partition];
  return Answer::kOk;
}

Answer FakeCluster::produce(const ProducerId& producer, const TopicPartition& partition,
                            FakeRecord record) {
  Transaction* transaction = nullptr;
  if (check(producer, transaction) != Answer::kOk) return Answer::kFenced;
  FakeLog* const to = log(partition);
  if (to == nullptr) return Answer::kUnknownTopic;
  const auto rows = transaction->rows.find(partition);
  if (!transaction->open || rows == transaction->rows.end()) return Answer::kInvalidState;
  if (record.value.value_or("").size() > topics_.at(partition.topic).value_bytes_max) {
    return Answer::kTooLarge;
  }
  rows->second.push_back(to->append(std::move(record), true));
  return Answer::kOk;
}

Answer FakeCluster::add_group(const ProducerId& producer, const std::string& group) {
  Transaction* transaction = nullptr;
  if (check(producer, transaction) != Answer::kOk) return Answer::kFenced;
  if (transaction->markers != 0) return Answer::kBusy;
  transaction->open = true;
  transaction->groups[group];
  return Answer::kOk;
}

std::vector<std::string> FakeCluster::open_transactions() const {
  std::vector<std::string> ids;
  for (const auto& [id, transaction] : transactions_) {
    if (transaction.open) ids.push_back(id);
  }
  return ids;
}

void FakeCluster::expire(const std::string& transactional_id) {
  Transaction& transaction = transactions_.at(transactional_id);
  ++transaction.epoch;
  decide(transactional_id, transaction, Request::Kind::kAbort);
}

RequestId FakeCluster::send(Request request) {
  under_way_.emplace(++last_request_, std::move(request));
  return last_request_;
}

std::optional<Answer> FakeCluster::arrive(RequestId id) {
  const auto found = under_way_.find(id);
  if (found == under_way_.end()) return std::nullopt;
  const Request request = std::move(found->second);
  under_way_.erase(found);
  return take(request);
}

Answer FakeCluster::take(const Request& request) {
  if (request.kind != Request::Kind::kOffsets) return end(request.producer, request.kind);
  Transaction* transaction = nullptr;
  if (check(request.producer, transaction) != Answer::kOk) return Answer::kFenced;
  const auto pending = transaction->groups.find(request.group);
  if (!transaction->open || pending == transaction->groups.end()) return Answer::kInvalidState;
  for (const auto& [partition, offset] : request.offsets) {
    if (log(partition) == nullptr) return Answer::kUnknownTopic;
  }
  for (const auto& [partition, offset] : request.offsets) pending->second[partition] = offset;
  return Answer::kOk;
}

// kCommit or kAbort. Asked again for what it has done already, it says OK again.
Answer FakeCluster::end(const ProducerId& producer, Request::Kind outcome) {
  Transaction* transaction = nullptr;
  if (check(producer, transaction) != Answer::kOk) return Answer::kFenced;
  if (transaction->open) {
    decide(producer.transactional_id, *transaction, outcome);
    return Answer::kOk;
  }
  return transaction->last_outcome == outcome ? Answer::kOk : Answer::kInvalidState;
}

void FakeCluster::decide(const std::string& transactional_id, Transaction& transaction,
                         Request::Kind outcome) {
  const bool commit = outcome == Request::Kind::kCommit;
  if (commit && on_commit) tell(transactional_id, transaction);
  for (auto& [partition, rows] : std::exchange(transaction.rows, {})) {
    markers_.push_back({transactional_id, commit, {}, {}, partition, std::move(rows)});
    ++transaction.markers;
  }
  for (auto& [group, offsets] : std::exchange(transaction.groups, {})) {
    markers_.push_back({transactional_id, commit, group, std::move(offsets), {}, {}});
    ++transaction.markers;
  }
  transaction.open = false;
  transaction.last_outcome = outcome;
  while (markers_at_once && !markers_.empty()) write_marker(0);
}

void FakeCluster::tell(const std::string& transactional_id, const Transaction& transaction) {
  Committed committed{{transactional_id, transaction.epoch}, {}, transaction.groups};
  for (const auto& [partition, offsets] : transaction.rows) {
    std::vector<FakeRecord>& rows = committed.rows[partition];
    const FakeLog* const from = log(partition);
    for (const std::int64_t offset : offsets) rows.push_back(from->row(offset));
  }
  on_commit(committed);
}

void FakeCluster::write_marker(std::size_t index) {
  Marker marker = std::move(markers_.at(index));
  markers_.erase(markers_.begin() + static_cast<std::ptrdiff_t>(index));
  --transactions_.at(marker.transactional_id).markers;
  if (!marker.group.empty()) {
    if (!marker.commit) return;
    for (auto& [partition, offset] : marker.offsets) {
      offsets_[marker.group][partition] = std::move(offset);
    }
    return;
  }
  FakeLog* const to = log(marker.partition);
  if (to == nullptr) return;
  to->close(marker.rows, marker.commit);
  wake(marker.partition);
}

}  // namespace weir::test
