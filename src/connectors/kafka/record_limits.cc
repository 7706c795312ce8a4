#include "connectors/kafka/record_limits.h"

#include <algorithm>

#include "base/hash.h"

namespace weir::kafka {
namespace {

// Of a zigzag varint that is not negative.
std::uint64_t varint_bytes(std::uint64_t value) {
  std::uint64_t bytes = 1;
  for (value <<= 1U; value >= 0x80; value >>= 7U) ++bytes;
  return bytes;
}

std::uint64_t sized(std::string_view text) { return varint_bytes(text.size()) + text.size(); }

// Null is the length -1, which is one byte.
std::uint64_t sized(const std::optional<std::string_view>& text) { return text ? sized(*text) : 1; }

std::uint64_t fingerprint(const OutputRecord& record) {
  std::string hashes;
  const auto add = [&](const std::optional<std::string_view>& text) {
    hashes += text ? std::to_string(hash64(*text)) + " " : "null ";
  };
  add(record.key);
  add(record.value);
  for (const RecordHeader& header : record.headers) {
    add(header.name);
    add(header.value_null ? std::nullopt : std::optional(header.value));
  }
  return hash64(hashes);
}

}  // namespace

std::uint64_t batch_of_one_bytes(const OutputRecord& record) {
  constexpr std::uint64_t kBatchHeader = 61;
  // Attributes, and the timestamp's and the offset's distance from the batch's: none.
  std::uint64_t bytes = 3 + sized(record.key) + sized(record.value);
  bytes += varint_bytes(record.headers.size());
  for (const RecordHeader& header : record.headers) {
    bytes += sized(header.name) + (header.value_null ? 1 : sized(header.value));
  }
  return kBatchHeader + varint_bytes(bytes) + bytes;
}

const RecordLimits::Topic* RecordLimits::find(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second;
}

void RecordLimits::learn(const std::string& topic, std::optional<std::uint64_t> batch_bytes_max) {
  if (!batch_bytes_max) return;
  const MutexLock lock(mutex_);
  topics_[topic].batch_bytes_max = batch_bytes_max;
}

std::optional<std::uint64_t> RecordLimits::batch_bytes_max(const std::string& topic) const {
  const MutexLock lock(mutex_);
  const Topic* const known = find(topic);
  return known == nullptr ? std::nullopt : known->batch_bytes_max;
}

std::optional<std::uint64_t> RecordLimits::batch_bytes_max() const {
  const MutexLock lock(mutex_);
  std::optional<std::uint64_t> smallest;
  for (const auto& [name, topic] : topics_) {
    if (!topic.batch_bytes_max) continue;
    smallest = std::min(smallest.value_or(*topic.batch_bytes_max), *topic.batch_bytes_max);
  }
  return smallest;
}

void RecordLimits::begin(EpochId epoch) {
  const MutexLock lock(mutex_);
  if (epoch == epoch_) return;
  epoch_ = epoch;
  for (auto& [name, topic] : topics_) {
    topic.refused.clear();
    topic.all_above = false;
  }
}

bool RecordLimits::note(const std::string& topic, const OutputRecord& record, bool compressed) {
  const MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end() || !found->second.batch_bytes_max) return false;
  Topic& known = found->second;
  if (batch_of_one_bytes(record) <= *known.batch_bytes_max) return false;
  const bool fresh = known.refused.insert(fingerprint(record)).second;
  known.all_above = known.all_above || !compressed;
  return fresh;
}

bool RecordLimits::any(const std::string& topic) const {
  const MutexLock lock(mutex_);
  const Topic* const known = find(topic);
  return known != nullptr && !known->refused.empty();
}

bool RecordLimits::refuses(const std::string& topic, const OutputRecord& record) const {
  const MutexLock lock(mutex_);
  const Topic* const known = find(topic);
  if (known == nullptr || !known->batch_bytes_max) return false;
  if (batch_of_one_bytes(record) <= *known->batch_bytes_max) return false;
  return known->all_above || known->refused.contains(fingerprint(record));
}

OutputRecord record_of(const rd_kafka_message_t& message, std::vector<RecordHeader>& headers) {
  OutputRecord record;
  if (message.key != nullptr) {
    record.key = std::string_view(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    record.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(&message, &found) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      headers.push_back(
          {name, std::string_view(static_cast<const char*>(value), size), value == nullptr});
    }
  }
  record.headers = headers;
  return record;
}

}  // namespace weir::kafka
