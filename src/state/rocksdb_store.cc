#include "state/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/transaction_log.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <filesystem>
#include <map>
#include <set>

#include "base/log.h"
#include "base/mutex.h"
#include "state/ballast.h"
#include "state/epoch_codec.h"
#include "state/lane_codec.h"
#include "state/marker_codec.h"
#include "state/store_mark.h"

namespace weir {
namespace {

constexpr const char* kLaneKey = "LANE";
constexpr const char* kMarkerKey = "MARKER";
constexpr const char* kFollowerKey = "FOLLOWER/";  // then the name; value: the delivered epoch
// Then the outbox key; value: bytes of its rows, so that counting them reads none.
constexpr const char* kBytesKey = "BYTES/";

constexpr const char* kMakeRoom = "; make room there and start the job again, nothing is lost";

std::string disk_full(std::uint64_t room, std::uint64_t needed) {
  return "the disk is full (" + std::to_string(room >> 10U) + " KiB are free, " +
         std::to_string(needed >> 10U) + " are needed)";
}

Error to_error(const rocksdb::Status& status, const std::string& what, Code code = Code::kNone) {
  // A file that others name and that is gone is damage too.
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return {Action::kHalt, Code::kCorruptStore, what + ": " + status.ToString()};
  }
  return {Action::kStopJob, code, what + ": " + status.ToString()};
}

constexpr std::uint64_t kBlockCacheBytes = 512U * 1024;

rocksdb::Options store_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // epochs.md, section 7: the default silently drops everything after a damaged WAL record.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  // A light lane writes a few kilobytes an hour: everything is as small as it gets.
  options.write_buffer_size = 256U * 1024;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1U << 20U;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 1;
  // All column families together; then the oldest is flushed, so that its WAL can go.
  options.max_total_wal_size = 64U << 20U;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// RocksDB opens a log file even for reading.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

// A RocksDB that was built with assertions, as Debian's is, aborts the process when it cannot write
// its own files while it opens.
Result<> check_room(const std::string& directory) {
  constexpr std::uint64_t kRoomMin = 512U << 10U;
  const auto room = free_bytes(std::filesystem::path(directory).parent_path());
  if (!room || *room >= kRoomMin) return {};  // opening says what else is wrong
  return Error{Action::kRetry, "opening the job's store " + directory + ": " +
                                   disk_full(*room, kRoomMin) + kMakeRoom};
}

// D and OUT live for an epoch or until a follower has them: large values that are deleted soon.
rocksdb::ColumnFamilyOptions blob_options(const rocksdb::Options& base) {
  rocksdb::ColumnFamilyOptions options(base);
  options.write_buffer_size = 8U << 20U;
  options.enable_blob_files = true;
  options.min_blob_size = 4096;
  options.enable_blob_garbage_collection = true;
  options.blob_garbage_collection_age_cutoff = 1.0;
  return options;
}

std::string big_endian(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i) & 0xffU);
  return bytes;
}

std::optional<std::uint64_t> from_big_endian(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

// Keys sort as epochs do. Epochs are never negative.
std::string epoch_key(EpochId epoch) {
  return big_endian(static_cast<std::uint64_t>(epoch.value()));
}

std::optional<EpochId> epoch_of(std::string_view key) {
  const std::optional<std::uint64_t> value = from_big_endian(key);
  if (!value) return std::nullopt;
  return EpochId{static_cast<std::int64_t>(*value)};
}

std::string outbox_key(std::string_view follower, EpochId epoch) {
  return std::string(follower) + '\0' + epoch_key(epoch);
}

rocksdb::WriteOptions write_options(Sync sync) {
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::kYes;
  return options;
}

// One job's database. Thread: any.
class Database {
 public:
  Database(std::string directory, std::unique_ptr<rocksdb::DB> db,
           std::vector<rocksdb::ColumnFamilyHandle*> opened)
      : families(std::move(opened)),
        directory_(std::move(directory)),
        ballast_(directory_),
        db_(std::move(db)) {}
  ~Database() {
    if (marks_) mark();
    for (rocksdb::ColumnFamilyHandle* family : families) db_->DestroyColumnFamilyHandle(family);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family,
                                         const std::string& key, const std::string& name) const {
    std::string bytes;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, key, &bytes);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return to_error(status, "reading " + name);
    return std::optional<std::string>(std::move(bytes));
  }

  Result<> write(rocksdb::WriteBatch& batch, Sync sync, const std::string& what) {
    if (poisoned_) {
      return Error{Action::kStopJob,
                   "a write to the job's store has failed; nothing more is written"};
    }
    const rocksdb::Status status = db_->Write(write_options(sync), &batch);
    if (status.ok()) return {};
    // What a failed sync left behind is unknown: nothing more is written through this handle.
    poisoned_ = true;
    if (status.IsNoSpace()) return full(what, "the disk is full (" + status.ToString() + ")", true);
    return to_error(status, what);
  }

  // Of a batch that adds something. A write that finds no room poisons the store, so the room is
  // looked at first.
  Result<> write_more(WriteFor why, rocksdb::WriteBatch& batch, Sync sync,
                      const std::string& what) {
    const auto room = free_bytes(directory_);
    const std::uint64_t bytes = batch.GetDataSize();
    // With that much the ballast need not be looked for.
    if (!room || *room >= room_needed(why, bytes, false)) return write(batch, sync, what);
    const std::uint64_t needed = room_needed(why, bytes, ballast_.is_there());
    if (*room >= needed) return write(batch, sync, what);
    return full(what, disk_full(*room, needed), is_time_for_ballast(*room));
  }

  std::unique_ptr<rocksdb::Iterator> iterate(rocksdb::ColumnFamilyHandle* family) const {
    return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), family));
  }

  // Notes now, and when it closes, up to where the store is durable: a start that finds it before
  // that has lost something. What was read at the opening is in tables by then.
  void keep_mark() {
    marks_ = true;
    mark();
  }
  Result<> check_mark() const {
    return StoreMark(directory_).check(db_->GetLatestSequenceNumber());
  }

  const std::vector<rocksdb::ColumnFamilyHandle*> families;

 private:
  void mark() {
    if (poisoned_) return;
    StorePlace place{.sequence = db_->GetLatestSequenceNumber()};
    std::unique_ptr<rocksdb::LogFile> newest;
    if (!db_->FlushWAL(true).ok() || !db_->GetCurrentWalFile(&newest).ok()) return;
    place.log = newest->LogNumber();
    if (const Result<> noted = StoreMark(directory_).write(place); !noted) {
      log(LogLevel::kWarn, noted.error().message());
    }
  }
  Error full(const std::string& what, const std::string& why, bool frees) const {
    const std::string freed =
        frees && ballast_.free()
            ? "; " + std::to_string(kBallastBytes >> 20U) +
                  " MiB that weir kept for this moment are free for the next start"
            : "";
    return {Action::kStopJob, what + " to " + directory_ + ": " + why + freed + kMakeRoom};
  }

  const std::string directory_;
  const Ballast ballast_;
  const std::unique_ptr<rocksdb::DB> db_;
  std::atomic<bool> poisoned_ = false;
  bool marks_ = false;
};

class RocksDbMarkerStore final : public MarkerStore {
 public:
  explicit RocksDbMarkerStore(std::shared_ptr<Database> db) : db_(std::move(db)) {}

  Result<std::optional<MarkerRecord>> read() override {
    WEIR_ASSIGN(const std::optional<std::string> bytes, db_->get(records(), kMarkerKey, "MARKER"));
    if (!bytes) return std::optional<MarkerRecord>{};
    WEIR_ASSIGN(MarkerRecord marker, decode_marker(*bytes));
    return std::optional<MarkerRecord>(std::move(marker));
  }
  Result<> put(const MarkerRecord& marker) override {
    rocksdb::WriteBatch batch;
    batch.Put(records(), kMarkerKey, encode_marker(marker));
    return db_->write_more(WriteFor::kUpkeep, batch, Sync::kYes, "writing MARKER");
  }
  Result<> clear() override {
    rocksdb::WriteBatch batch;
    batch.Delete(records(), kMarkerKey);
    return db_->write(batch, Sync::kYes, "clearing MARKER");
  }

 private:
  rocksdb::ColumnFamilyHandle* records() const { return db_->families[0]; }
  const std::shared_ptr<Database> db_;
};

class RocksDbStore final : public EpochStore {
 public:
  explicit RocksDbStore(std::shared_ptr<Database> db) : db_(std::move(db)) {}

  Result<StoreContents> load() override {
    StoreContents contents;
    WEIR_ASSIGN(const std::optional<std::string> lane, db_->get(records(), kLaneKey, "LANE"));
    if (lane) {
      WEIR_ASSIGN(contents.lane, decode_lane(*lane));
    }
    const EpochId applied = contents.lane ? contents.lane->epoch : EpochId{};
    applied_ = applied.value();
    epochs_.clear();
    // Only a store that is read and was never whole: its maker died while it made the families.
    if (db_->families.size() < 2) return contents;
    const std::unique_ptr<rocksdb::Iterator> each = db_->iterate(epochs());
    for (each->SeekToFirst(); each->Valid(); each->Next()) {
      const std::optional<EpochId> epoch = epoch_of(each->key().ToStringView());
      if (!epoch) return Error{Action::kHalt, Code::kCorruptStore, "a D record has no epoch"};
      contents.epochs.push_back(*epoch);
      epochs_.insert(*epoch);
      if (*epoch != applied.next()) continue;
      WEIR_ASSIGN(contents.prepared, decode_epoch(each->value().ToStringView(), name_of(*epoch)));
    }
    if (!each->status().ok()) return to_error(each->status(), "reading the D records");
    WEIR_TRY(count_outbox());
    return contents;
  }

  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    rocksdb::WriteBatch batch;
    batch.Put(records(), kLaneKey, encode_lane(lane));
    WEIR_TRY(db_->write_more(WriteFor::kUpkeep, batch, sync, "writing LANE"));
    applied_ = lane.epoch.value();
    return {};
  }

  Result<> put_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) override {
    rocksdb::WriteBatch batch;
    const RowBytes bytes = add_epoch(batch, record, rows);
    WEIR_TRY(
        db_->write_more(WriteFor::kInput, batch, Sync::kYes, "writing " + name_of(record.epoch)));
    note(bytes, record.epoch);
    return {};
  }

  Result<> put_decided(EpochRecord& record, const std::vector<OutboxRow>& rows,
                       LaneRecord& lane) override {
    rocksdb::WriteBatch batch;
    const RowBytes bytes = add_epoch(batch, record, rows);
    lane.digest = record.digest;
    batch.Put(records(), kLaneKey, encode_lane(lane));
    WEIR_TRY(db_->write_more(WriteFor::kInput, batch, Sync::kYes,
                             "writing " + name_of(record.epoch) + " and LANE"));
    applied_ = lane.epoch.value();
    note(bytes, record.epoch);
    return {};
  }

  Result<EpochRecord> get_epoch(EpochId epoch) override {
    WEIR_ASSIGN(const std::optional<std::string> bytes,
                db_->get(epochs(), epoch_key(epoch), name_of(epoch)));
    if (!bytes) {
      return Error{Action::kHalt, Code::kStateLost, "the store has no record " + name_of(epoch)};
    }
    return decode_epoch(*bytes, name_of(epoch));
  }

  Result<> drop_above(EpochId epoch) override {
    rocksdb::WriteBatch batch;
    drop(batch, epochs_.upper_bound(epoch), epochs_.end());
    {
      const MutexLock lock(mutex_);
      for (auto& [follower, sizes] : waiting_) {
        drop(batch, follower, sizes, sizes.upper_bound(epoch), sizes.end());
      }
    }
    return db_->write(batch, Sync::kNo, "dropping undecided epochs");
  }

  Result<> drop_folded(EpochId epoch) override {
    rocksdb::WriteBatch batch;
    drop(batch, epochs_.begin(), epochs_.upper_bound(epoch));
    if (batch.Count() == 0) return {};
    return db_->write(batch, Sync::kNo, "dropping applied epochs");
  }

  Result<std::vector<std::string>> outbox(std::string_view follower, EpochId epoch) override {
    if (epoch.value() > applied_) return std::vector<std::string>{};
    const std::string name = "OUT/" + std::to_string(epoch.value()) + "/" + std::string(follower);
    WEIR_ASSIGN(const std::optional<std::string> bytes,
                db_->get(outbox_family(), outbox_key(follower, epoch), name));
    if (!bytes) return std::vector<std::string>{};
    return decode_outbox(*bytes, name);
  }

  Result<> acknowledge(std::string_view follower, EpochId epoch) override {
    rocksdb::WriteBatch batch;
    batch.Put(records(), kFollowerKey + std::string(follower), epoch_key(epoch));
    {
      const MutexLock lock(mutex_);
      Sizes& sizes = waiting_[std::string(follower)];
      drop(batch, follower, sizes, sizes.begin(), sizes.upper_bound(epoch));
    }
    // Without sync: lost with the page cache, its rows are delivered once more, idempotently.
    return db_->write(batch, Sync::kNo, "noting what " + std::string(follower) + " has");
  }

  Result<EpochId> acknowledged(std::string_view follower) override {
    const std::string key = kFollowerKey + std::string(follower);
    WEIR_ASSIGN(const std::optional<std::string> bytes, db_->get(records(), key, key));
    return bytes ? epoch_of(*bytes).value_or(EpochId{}) : EpochId{};
  }

  std::uint64_t outbox_bytes(std::string_view follower) override {
    const MutexLock lock(mutex_);
    std::uint64_t bytes = 0;
    for (const auto& [epoch, size] : waiting_[std::string(follower)]) bytes += size;
    return bytes;
  }

  Result<> clear() override {
    rocksdb::WriteBatch batch;
    for (rocksdb::ColumnFamilyHandle* family : db_->families) {
      batch.DeleteRange(family, rocksdb::Slice(), std::string(64, '\xff'));
    }
    WEIR_TRY(db_->write(batch, Sync::kYes, "clearing the store"));
    epochs_.clear();
    applied_ = 0;
    const MutexLock lock(mutex_);
    waiting_.clear();
    return {};
  }

 private:
  using RowBytes = std::map<std::string, std::uint64_t>;  // follower -> bytes
  using Sizes = std::map<EpochId, std::uint64_t>;         // epoch -> bytes, of one follower

  rocksdb::ColumnFamilyHandle* records() const { return db_->families[0]; }
  rocksdb::ColumnFamilyHandle* epochs() const { return db_->families[1]; }
  rocksdb::ColumnFamilyHandle* outbox_family() const { return db_->families[2]; }

  static std::string name_of(EpochId epoch) { return "D/" + std::to_string(epoch.value()); }

  // One by one, not by range: a range tombstone per epoch would slow every later read.
  void drop(rocksdb::WriteBatch& batch, std::set<EpochId>::iterator from,
            std::set<EpochId>::iterator to) {
    for (auto each = from; each != to; ++each) batch.Delete(epochs(), epoch_key(*each));
    epochs_.erase(from, to);
  }
  void drop(rocksdb::WriteBatch& batch, std::string_view follower, Sizes& sizes,
            Sizes::iterator from, Sizes::iterator to) const {
    for (auto each = from; each != to; ++each) {
      batch.Delete(outbox_family(), outbox_key(follower, each->first));
      batch.Delete(records(), kBytesKey + outbox_key(follower, each->first));
    }
    sizes.erase(from, to);
  }

  RowBytes add_epoch(rocksdb::WriteBatch& batch, EpochRecord& record,
                     const std::vector<OutboxRow>& rows) const {
    batch.Put(epochs(), epoch_key(record.epoch), encode_epoch(record, rows));
    std::map<std::string, std::vector<std::string_view>> by_follower;
    for (const OutboxRow& row : rows) by_follower[row.follower].push_back(row.bytes);
    RowBytes bytes;
    for (const auto& [follower, their] : by_follower) {
      const std::string encoded = encode_outbox(their);
      bytes[follower] = encoded.size();
      batch.Put(outbox_family(), outbox_key(follower, record.epoch), encoded);
      batch.Put(records(), kBytesKey + outbox_key(follower, record.epoch),
                big_endian(encoded.size()));
    }
    return bytes;
  }

  void note(const RowBytes& added, EpochId epoch) {
    epochs_.insert(epoch);
    const MutexLock lock(mutex_);
    for (const auto& [follower, bytes] : added) waiting_[follower][epoch] = bytes;
  }

  Result<> count_outbox() {
    const std::string_view prefix = kBytesKey;
    const std::unique_ptr<rocksdb::Iterator> each = db_->iterate(records());
    const MutexLock lock(mutex_);
    waiting_.clear();
    for (each->Seek(rocksdb::Slice(prefix.data(), prefix.size())); each->Valid(); each->Next()) {
      std::string_view key = each->key().ToStringView();
      if (!key.starts_with(prefix)) break;
      key.remove_prefix(prefix.size());
      const std::optional<std::uint64_t> bytes = from_big_endian(each->value().ToStringView());
      if (key.size() < 9 || !bytes) {
        return Error{Action::kHalt, Code::kCorruptStore, "the outbox's sizes cannot be read"};
      }
      const std::optional<EpochId> epoch = epoch_of(key.substr(key.size() - 8));
      waiting_[std::string(key.substr(0, key.size() - 9))][*epoch] = *bytes;
    }
    if (!each->status().ok()) return to_error(each->status(), "reading the outbox");
    return {};
  }

  const std::shared_ptr<Database> db_;
  std::atomic<EpochId::rep> applied_ = 0;  // LANE's epoch
  std::set<EpochId> epochs_;               // that have a D record, since load()
  Mutex mutex_;
  std::map<std::string, Sizes> waiting_ WEIR_GUARDED_BY(mutex_);  // by follower
};

using Families = std::vector<rocksdb::ColumnFamilyDescriptor>;

// In the order of RocksDbStore's families, which is also that of their making.
Families families_of(const rocksdb::Options& options) {
  return {{rocksdb::kDefaultColumnFamilyName, options},
          {"epochs", blob_options(options)},
          {"outbox", blob_options(options)}};
}

}  // namespace

Result<JobStores> open_job_stores(const std::string& directory, std::uint64_t memory_bytes) {
  WEIR_TRY(check_room(directory));
  WEIR_TRY(StoreMark(directory).check_files());
  rocksdb::Options options = store_options();
  // Of all column families together; at the bound the largest is flushed.
  options.db_write_buffer_size = std::max(memory_bytes, 2 * kBlockCacheBytes) - kBlockCacheBytes;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, directory, families_of(options), &families, &db);
  if (status.IsNoSpace()) {
    return Error{Action::kRetry, "opening the job's store " + directory + ": the disk is full (" +
                                     status.ToString() + ")" + kMakeRoom};
  }
  if (!status.ok())
    return to_error(status, "opening the job's store " + directory, Code::kStateUnusable);
  if (const Result<> kept = Ballast(directory).keep(); !kept) {
    log(LogLevel::kWarn, kept.error().message());
  }
  const auto opened =
      std::make_shared<Database>(directory, std::unique_ptr<rocksdb::DB>(db), std::move(families));
  WEIR_TRY(opened->check_mark());
  opened->keep_mark();
  return JobStores{std::make_unique<RocksDbStore>(opened),
                   std::make_shared<RocksDbMarkerStore>(opened)};
}

Result<std::unique_ptr<EpochStore>> open_rocksdb_store(const std::string& directory,
                                                       std::uint64_t memory_bytes) {
  WEIR_ASSIGN(JobStores stores, open_job_stores(directory, memory_bytes));
  return std::move(stores.lane);
}

Result<StoreContents> read_rocksdb_store(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory + "/CURRENT", error)) return StoreContents{};
  WEIR_TRY(StoreMark(directory).check_files());
  rocksdb::Options options = store_options();
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  options.info_log = std::make_shared<NoLog>();
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok())
    return to_error(status, "reading the job's store " + directory, Code::kStateUnusable);
  Families wanted = families_of(options);
  std::erase_if(wanted, [&](const rocksdb::ColumnFamilyDescriptor& family) {
    return std::find(names.begin(), names.end(), family.name) == names.end();
  });
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  status = rocksdb::DB::OpenForReadOnly(options, directory, wanted, &families, &db);
  if (!status.ok())
    return to_error(status, "reading the job's store " + directory, Code::kStateUnusable);
  const auto opened =
      std::make_shared<Database>(directory, std::unique_ptr<rocksdb::DB>(db), std::move(families));
  WEIR_TRY(opened->check_mark());
  return RocksDbStore(opened).load();
}

}  // namespace weir
