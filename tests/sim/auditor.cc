#include "sim/auditor.h"

#include <algorithm>

#include "connectors/kafka/cell.h"
#include "sim/pipeline.h"

namespace weir::test {
namespace {

using Rows = std::vector<std::string>;

std::string text_of(const Rows& rows) {
  std::string text;
  for (const std::string& row : rows) text += " " + row;
  return text.empty() ? " none" : text;
}

}  // namespace

std::vector<std::string> Auditor::expected_rows(EpochId epoch, const TopicPartition& partition,
                                                std::int64_t from, std::int64_t to) {
  std::vector<std::string> rows;
  const FakeLog& log = *cluster_.log(partition);
  for (std::int64_t at = from; at < to; ++at) {
    const FakeRecord* record = log.ever_visible(at);
    if (record == nullptr || skipped_.contains({partition, at})) continue;
    for (int number = 0; number < rows_of(*record->value); ++number) {
      rows.push_back(to_text({epoch, kafka::split_name(partition), at, number}));
    }
  }
  return rows;
}

// Those that are deleted now and make no row were gone when the reader came: from its position up
// to the log's beginning.
void Auditor::note_lost(EpochId epoch, const TopicPartition& partition, std::int64_t from,
                        std::int64_t to, const std::set<std::string>& written) {
  const std::string split = kafka::split_name(partition);
  const FakeLog& log = *cluster_.log(partition);
  bool read = false;
  std::uint64_t lost = 0;
  for (std::int64_t at = from; at < to; ++at) {
    const FakeRecord* record = log.ever_visible(at);
    if (record == nullptr || rows_of(*record->value) == 0) continue;
    if (written.contains(to_text({epoch, split, at, 0}))) {
      read = true;
    } else if (at < log.begin() && skipped_.insert({partition, at}).second) {
      ++lost;
    }
  }
  lost_ += lost;
  if (read && lost > 0)
    fail("I1: epoch " + std::to_string(epoch.value()) + " has lost some of " + split +
         " and read some");
}

void Auditor::take(const Committed& committed) {
  if (committed.producer.transactional_id != lane_.dotted()) return;
  std::optional<Cell> cell;
  const auto group = committed.groups.find(lane_.dotted());
  if (group != committed.groups.end() && !group->second.empty()) {
    cell = kafka::parse_cell(group->second.begin()->second.metadata);
  }
  if (!cell) return fail("I5: a transaction without a cell was committed");
  if (cell_ && cell->owner == cell_->owner && cell->epoch != cell_->epoch) {
    take_epoch(committed, *cell);
  } else {
    take_claim(committed, *cell);
  }
  cell_ = cell;
}

void Auditor::take_epoch(const Committed& committed, const Cell& cell) {
  ++epochs_;
  const std::string name = "epoch " + std::to_string(cell.epoch.value());
  if (cell.epoch != cell_->epoch.next()) {
    return fail("M4: " + name + " was decided after epoch " + std::to_string(cell_->epoch.value()));
  }
  std::vector<std::string> written;
  for (const auto& [partition, rows] : committed.rows) {
    for (const FakeRecord& row : rows) written.push_back(row.value.value_or("NULL"));
  }
  std::vector<std::string> expected;
  const auto moved = committed.groups.find(group_);
  if (moved != committed.groups.end()) {
    for (const auto& [partition, offset] : moved->second) {
      std::int64_t& position = positions_[partition];
      if (offset.offset < position) return fail("I9: a position of " + name + " went back");
      note_lost(cell.epoch, partition, position, offset.offset, {written.begin(), written.end()});
      const auto rows = expected_rows(cell.epoch, partition, position, offset.offset);
      expected.insert(expected.end(), rows.begin(), rows.end());
      position = offset.offset;
    }
  }
  std::sort(expected.begin(), expected.end());
  std::sort(written.begin(), written.end());
  if (expected != written) {
    fail("I1: the rows of " + name + " are" + text_of(written) + ", its records make" +
         text_of(expected));
  }
  decided_rows_[cell.epoch] = std::move(expected);
}

// Or a refresh: the same owner with the same epoch.
void Auditor::take_claim(const Committed& committed, const Cell& cell) {
  ++claims_;
  if (!committed.rows.empty()) return fail("I5: a claim or refresh carries rows");
  if (cell_ && (cell.epoch != cell_->epoch || cell.attempt != cell_->attempt)) {
    return fail("I8: the owner changes from epoch " + std::to_string(cell_->epoch.value()) +
                " to another, " + std::to_string(cell.epoch.value()));
  }
  if (!cell_ && cell.epoch != EpochId{}) return fail("the first claim is of epoch 0");
  const auto before =
      cluster_.committed(lane_.dotted(), committed.groups.at(lane_.dotted()).begin()->first);
  const auto replaced = before ? kafka::parse_cell(before->metadata) : std::nullopt;
  const Claim claim{replaced ? replaced->owner : OwnerId{}, cell.owner};
  if (claim.before != claim.after && !may_claim(claim)) {
    return fail("I8: an owner was replaced by one that did not know it");
  }
  const auto mirror = committed.groups.find(group_);
  if (mirror == committed.groups.end()) return fail("M3: a claim or refresh without positions");
  for (const auto& [partition, offset] : mirror->second) {
    const auto [known, first] = positions_.try_emplace(partition, offset.offset);
    if (known->second != offset.offset) {
      return fail("I9: a claim or refresh moved " + kafka::split_name(partition) + " from " +
                  std::to_string(known->second) + " to " + std::to_string(offset.offset));
    }
    if (!first) continue;
    if (offset.offset > cluster_.log(partition)->begin()) {
      fail("a partition does not begin at its beginning");
    }
    // What was deleted before is nobody's.
    for (std::int64_t at = 0; at < offset.offset; ++at) skipped_.insert({partition, at});
  }
}

bool Auditor::all_read() {
  for (int i = 0; i < cluster_.topics().at(input_); ++i) {
    const TopicPartition partition{input_, i};
    const auto position = positions_.find(partition);
    if (position == positions_.end()) return false;
    const FakeLog& log = *cluster_.log(partition);
    for (std::int64_t at = position->second; at < log.end(); ++at) {
      // What is left out moves a position with the records behind it; an idle lane commits nothing.
      if (log.visible(at) != nullptr && !skipped_.contains({partition, at})) return false;
    }
  }
  return true;
}

void Auditor::check_output() {
  std::map<std::string, int> seen;
  for (int i = 0; i < cluster_.topics().at(output_); ++i) {
    const FakeLog& log = *cluster_.log({output_, i});
    std::map<std::string, std::int64_t> last;  // by input partition
    for (std::int64_t at = log.begin(); at < log.stable_end(); ++at) {
      const FakeRecord* record = log.visible(at);
      if (record == nullptr) continue;
      const std::optional<RowName> row = parse_row(record->value.value_or(""));
      if (!row) return fail("I5: a row that nobody wrote: " + record->value.value_or("NULL"));
      // Without the epoch: a record's second appearance may be in another one.
      ++seen[to_text({EpochId{}, row->split, row->offset, row->number})];
      std::int64_t& before = last.try_emplace(row->split, -1).first->second;
      if (row->offset < before) return fail("order: " + *record->value + " comes too late");
      before = row->offset;
    }
  }
  std::map<std::string, int> expected;
  for (const auto& [partition, position] : positions_) {
    for (const std::string& row : expected_rows(EpochId{}, partition, 0, position)) {
      ++expected[row];
    }
  }
  for (const auto& [row, count] : expected) {
    if (seen[row] != count) {
      return fail("I1: row " + row + " is there " + std::to_string(seen[row]) + " times");
    }
  }
  for (const auto& [row, count] : seen) {
    if (!expected.contains(row)) return fail("I1: row " + row + " was never decided");
  }
}

bool Auditor::all_delivered(const Delivered& outside) const {
  return std::all_of(decided_rows_.begin(), decided_rows_.end(), [&](const auto& decided) {
    return decided.second.empty() || outside.contains(decided.first);
  });
}

void Auditor::check_follower(const Delivered& outside) {
  if (outside.empty()) return;
  for (const auto& [epoch, expected] : decided_rows_) {
    if (epoch > outside.rbegin()->first) break;
    const auto found = outside.find(epoch);
    std::vector<std::string> rows = found == outside.end() ? Rows() : found->second;
    std::sort(rows.begin(), rows.end());
    if (rows != expected) {
      fail("I7: of epoch " + std::to_string(epoch.value()) + " were delivered" + text_of(rows) +
           ", decided were" + text_of(expected));
    }
  }
  for (const auto& [epoch, rows] : outside) {
    if (!decided_rows_.contains(epoch)) {
      fail("I7: epoch " + std::to_string(epoch.value()) + " was delivered, and never decided");
    }
  }
}

}  // namespace weir::test
