#include "state/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <filesystem>

#include "state/lane_codec.h"

namespace weir {
namespace {

constexpr const char* kLaneKey = "LANE";

Error to_error(const rocksdb::Status& status, const std::string& what) {
  if (status.IsCorruption()) {
    return {Action::kHalt, Code::kCorruptStore, what + ": " + status.ToString()};
  }
  if (status.IsNoSpace()) {
    return {Action::kStopJob, what + ": the disk is full (" + status.ToString() + ")"};
  }
  return {Action::kStopJob, what + ": " + status.ToString()};
}

rocksdb::Options store_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  // epochs.md, section 7: the default silently drops everything after a damaged WAL record.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  // A lane writes a few kilobytes an hour: everything is as small as it gets.
  options.write_buffer_size = 256U * 1024;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1U << 20U;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 1;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(512U * 1024);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// RocksDB opens a log file even for reading.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

Result<StoreContents> load_from(rocksdb::DB& db) {
  std::string bytes;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), kLaneKey, &bytes);
  StoreContents contents;
  if (status.IsNotFound()) return contents;
  if (!status.ok()) return to_error(status, "reading LANE");
  WEIR_ASSIGN(contents.lane, decode_lane(bytes));
  return contents;
}

class RocksDbStore final : public EpochStore {
 public:
  explicit RocksDbStore(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  Result<StoreContents> load() override { return load_from(*db_); }

  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    if (poisoned_) {
      return Error{Action::kRecover, "a sync of the store failed; it must be opened again"};
    }
    rocksdb::WriteOptions options;
    options.sync = sync == Sync::kYes;
    const rocksdb::Status status = db_->Put(options, kLaneKey, encode_lane(lane));
    if (status.ok()) return {};
    // What a failed sync left behind is unknown: nothing more is written through this handle.
    poisoned_ = true;
    return to_error(status, "writing LANE");
  }

  Result<> put_epoch(EpochRecord& /*record*/, const std::vector<OutboxRow>& /*rows*/) override {
    return not_in_this_version();
  }
  Result<EpochRecord> get_epoch(EpochId /*epoch*/) override { return not_in_this_version(); }
  Result<> drop_above(EpochId /*epoch*/) override { return {}; }
  Result<> drop_folded(EpochId /*epoch*/) override { return {}; }
  Result<std::vector<std::string>> outbox(std::string_view /*follower*/,
                                          EpochId /*epoch*/) override {
    return not_in_this_version();
  }
  Result<> acknowledge(std::string_view /*follower*/, EpochId /*epoch*/) override {
    return not_in_this_version();
  }
  Result<EpochId> acknowledged(std::string_view /*follower*/) override {
    return not_in_this_version();
  }

  Result<> clear() override {
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Delete(options, kLaneKey);
    if (!status.ok()) return to_error(status, "deleting LANE");
    return {};
  }

 private:
  static Error not_in_this_version() {
    return {Action::kStopJob, "lanes with D records are not in this version"};
  }

  const std::unique_ptr<rocksdb::DB> db_;
  bool poisoned_ = false;
};

}  // namespace

Result<std::unique_ptr<EpochStore>> open_rocksdb_store(const std::string& directory) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(store_options(), directory, &db);
  if (!status.ok()) return to_error(status, "opening the job's store " + directory);
  return std::unique_ptr<EpochStore>(
      std::make_unique<RocksDbStore>(std::unique_ptr<rocksdb::DB>(db)));
}

Result<StoreContents> read_rocksdb_store(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory + "/CURRENT", error)) return StoreContents{};
  rocksdb::Options options = store_options();
  options.create_if_missing = false;
  options.info_log = std::make_shared<NoLog>();
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, directory, &opened);
  if (!status.ok()) return to_error(status, "reading the job's store " + directory);
  const std::unique_ptr<rocksdb::DB> db(opened);
  return load_from(*db);
}

}  // namespace weir
