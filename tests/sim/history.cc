#include "sim/history.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/check.h"
#include "sim/auditor.h"
#include "sim/mutations.h"
#include "sim/pipeline.h"
#include "sim/process.h"
#include "sim/weather.h"

namespace weir::test {
namespace {

using std::chrono::seconds;
using Trigger = Weather::Trigger;

const LaneId kLane{"sim", "job", "0"};
const std::string kGroup = "sim.job";
const std::string kEpochTopic = "weir-epochs";
const std::string kInput = "in";
const std::string kOutput = "out";
constexpr std::uint64_t kRecordsMax = 16;
constexpr std::uint64_t kTakeoversMax = 3;
constexpr std::size_t kRowBytesMax = 100;
constexpr seconds kTransactionTimeout{60};
// A history that is not over by then makes no progress (I12): the longest ones take a tenth.
constexpr std::uint64_t kStepsMax = 50'000;

/// A place with a state directory, and the process that runs there now.
struct Machine {
  std::string name;
  FakeDisk disk;
  std::optional<FakeDisk> backup;
  std::vector<FakeDisk> replaced;  // as they were when another took their place
  std::unique_ptr<SimProcess> process;
  bool takes_over_next = false;
  std::optional<Code> halted;  // by its last process
  bool retired = false;        // by a HALT that a takeover does not end, or by a person
};

class History final : public Schedule {
 public:
  explicit History(const HistoryOptions& options)
      : options_(options),
        dice_(options.seed),
        weather_(options.crash_at ? Weather::calm() : Weather::of(options.seed, dice_)),
        auditor_(cluster_, kLane, kInput, kOutput, kGroup) {}

  HistoryResult run() {
    begin();
    while (steps_ < weather_.storm_steps && !over()) step();
    clear_up();
    while (!over()) {
      if (steps_ > kStepsMax) {
        auditor_.fail(
            "I12: no progress after the faults have ended; " + survivor_->name + " is " +
            (survivor_->process ? std::string(to_string(survivor_->process->state())) : "down"));
      }
      step();
    }
    finish();
    return result_;
  }

  // Schedule
  void at(SimProcess& process, const char* where) override {
    ++places_;
    ++changes_;
    note(process.name(), where);
    remember_claim(process);
    const bool now = options_.crash_at ? places_ == *options_.crash_at
                                       : storm_ && crashes_ < weather_.crashes &&
                                             dice_.one_in(weather_.crash_rate);
    if (now) crash(process);
  }
  Fault fault(SimProcess& process, const char* where) override;
  bool switches() override { return dice_.one_in(weather_.switches); }
  std::uint64_t changes() const override { return changes_; }

 private:
  void begin();
  void step();
  void idle();
  void act();
  void clear_up();
  void finish();
  bool over() const { return over_ || !auditor_.violation().empty(); }

  void start(Machine& machine);
  void crash(SimProcess& process);
  void reap(Machine& machine);
  void halted(Machine& machine, const Error& error);
  void skip_poison(Machine& machine);
  bool may_start(const Machine& machine) const;
  bool reachable_end() const;
  void tend();
  ProcessSetup setup_of(Machine& machine);
  void remember_claim(SimProcess& process);
  void check_stores();

  void feed();
  bool settle_something();
  void expire_old_transaction();
  void start_second();
  void disturb_disk(Machine& machine);
  void disturb_groups();
  void delete_records();
  bool nothing_runs() const;

  // Everything that happens goes through here, in order: into the trace and its hash.
  void note(std::string_view who, std::string_view what) {
    for (const std::string_view text : {who, what}) {
      for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    if (options_.trace == nullptr) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
        clock_.mono().time_since_epoch() - std::chrono::hours(1));
    *options_.trace << places_ << '\t' << ms.count() << " ms\t" << who << '\t' << what << '\n';
  }

  const HistoryOptions options_;
  Dice dice_;
  const Weather weather_;
  ManualClock clock_;
  FakeCluster cluster_;
  Delivered outside_;
  Auditor auditor_;
  std::vector<std::unique_ptr<Machine>> machines_;
  Machine* survivor_ = nullptr;                         // once the faults have ended
  std::map<OwnerId, std::pair<OwnerId, bool>> claims_;  // of LANE: owner_next -> owner, takeover
  std::set<Code> explained_;                            // HALTs that what has happened explains
  std::optional<ProducerId> feeder_;  // a transaction of the input's own writer is open
  std::uint64_t records_ = 0;
  std::optional<MonoTime> open_since_;  // the lane's transaction was seen open
  bool partition_added_ = false;
  std::vector<std::pair<Machine*, std::size_t>> candidates_;
  std::vector<std::size_t> runnable_;
  bool storm_ = true;
  bool over_ = false;
  std::uint64_t steps_ = 0, places_ = 0, changes_ = 0, crashes_ = 0, takeovers_ = 0, halts_ = 0;
  std::uint64_t hash_ = 14695981039346656037U;
  HistoryResult result_;
};

void History::begin() {
  cluster_.markers_at_once = false;
  cluster_.create_topic(kInput, 2);
  cluster_.create_topic(kOutput, 2, kRowBytesMax);
  auditor_.may_claim = [this](const Claim& claim) {
    const auto known = claims_.find(claim.after);
    if (known == claims_.end()) return false;
    return claim.before == OwnerId{} || claim.before == known->second.first || known->second.second;
  };
  cluster_.on_commit = [this](const Committed& committed) {
    note("cluster", "commits " + committed.producer.transactional_id);
    auditor_.take(committed);
    if (committed.producer.transactional_id == kLane.dotted()) check_stores();
  };
  for (int i = 0; i < 4; ++i) feed();
  machines_.push_back(std::make_unique<Machine>());
  machines_[0]->name = "A";
  start(*machines_[0]);
}

ProcessSetup History::setup_of(Machine& machine) {
  LaneOptions options;
  options.job_file = "job.yaml";
  options.plan = PlanHash{1};
  options.host = machine.name;
  options.commit_records = weather_.commit_records;
  options.available_now = weather_.trigger == Trigger::kAvailableNow;
  if (weather_.trigger == Trigger::kEvery) options.trigger_every = seconds(10);
  options.takeover = std::exchange(machine.takes_over_next, false);
  options.rotate_always = weather_.rotate_always;
  options.threads_max = weather_.workers ? 2 : 1;
  ProcessSetup setup{.name = machine.name,
                     .lane = kLane,
                     .options = std::move(options),
                     .input = kInput,
                     .output = kOutput,
                     .follows = weather_.follows,
                     .goes_on_after_loss = weather_.retention,
                     .seed = dice_.next(),
                     .clock = &clock_,
                     .cluster = &cluster_,
                     .disk = &machine.disk,
                     .outside = &outside_,
                     .schedule = this,
                     .around_decider = {},
                     .around_store = {}};
  build_in(options_.mutation, setup, cluster_);
  return setup;
}

void History::start(Machine& machine) {
  note(machine.name, machine.takes_over_next ? "starts, to take over" : "starts");
  if (machine.takes_over_next) ++takeovers_;
  machine.halted.reset();
  machine.process = std::make_unique<SimProcess>(setup_of(machine));
}

void History::remember_claim(SimProcess& process) {
  for (const auto& machine : machines_) {
    if (machine->process.get() != &process) continue;
    const std::optional<LaneRecord>& lane = machine->disk.state().lane;
    if (lane) claims_.try_emplace(lane->owner_next, lane->owner, process.takes_over());
  }
}

// I3 of a claim, M1 of an epoch with a D record: what must be durable before the cluster commits.
// Empty when it is.
std::string missing_on(const FakeDisk& disk, const Cell& cell) {
  const LaneRecord& lane = *disk.durable().lane;
  const bool claim = lane.owner != lane.owner_next;
  if (claim && (lane.epoch != cell.epoch || lane.attempt != cell.attempt)) {
    return "I3: a claim of epoch " + std::to_string(cell.epoch.value()) + " by a LANE at epoch " +
           std::to_string(lane.epoch.value());
  }
  if (claim || !cell.digest || cell.epoch == lane.epoch) return {};
  const auto& epochs = disk.durable().epochs;
  const auto prepared = epochs.find(cell.epoch);
  const bool equal = prepared != epochs.end() && prepared->second.attempt == cell.attempt &&
                     prepared->second.digest == cell.digest;
  return equal ? "" : "M1: " + std::to_string(cell.epoch.value()) + " has no durable D record";
}

// Of the disks that know the cell's owner one is the committer's, which may be gone by the time
// that its request arrives; the others are copies.
void History::check_stores() {
  std::vector<const FakeDisk*> disks;
  for (const auto& machine : machines_) {
    disks.push_back(&machine->disk);
    for (const FakeDisk& disk : machine->replaced) disks.push_back(&disk);
  }
  std::string missing;
  for (const FakeDisk* disk : disks) {
    const std::optional<LaneRecord>& lane = disk->durable().lane;
    if (!auditor_.cell() || !lane || lane->owner_next != auditor_.cell()->owner) continue;
    missing = missing_on(*disk, *auditor_.cell());
    if (missing.empty()) return;
  }
  if (!missing.empty()) auditor_.fail(missing);
}

void History::crash(SimProcess& process) {
  note(process.name(), "is killed");
  ++crashes_;
  process.die();
}

Fault History::fault(SimProcess& process, const char* where) {
  if (!storm_ || !dice_.one_in(weather_.faults)) return Fault::kNone;
  const std::string_view place(where);
  Fault what = Fault::kNone;
  if (place == "commit" || place == "offsets") {
    constexpr Fault kRequests[] = {Fault::kLost,     Fault::kAnswerLost, Fault::kLateCopy,
                                   Fault::kLateCopy, Fault::kGivenUp,    Fault::kDoneUnseen,
                                   Fault::kStuck};
    what = kRequests[dice_.below(std::size(kRequests))];
  } else if (place == "write" || place == "fetch" || place == "produce") {
    what = Fault::kRefused;
  } else if (place == "deliver") {
    what = dice_.one_in(2) ? Fault::kLost : Fault::kAnswerLost;
  } else if (!place.starts_with("store")) {
    what = Fault::kLost;
  } else if (weather_.bad_disk) {
    what = Fault::kRefused;
    process.break_disk();
  }
  if (what != Fault::kNone) note(process.name(), std::string("meets a fault at ") + where);
  return what;
}

// One step of somebody, chosen by the dice.
void History::step() {
  ++steps_;
  if (storm_ && dice_.one_in(10)) act();
  if (dice_.one_in(8)) settle_something();
  candidates_.clear();
  for (const bool look : {dice_.one_in(3), true}) {
    for (const auto& machine : machines_) {
      if (!machine->process) continue;
      runnable_.clear();
      machine->process->runnable(look, runnable_);
      for (const std::size_t actor : runnable_) candidates_.emplace_back(machine.get(), actor);
    }
    if (!candidates_.empty() || look) break;
  }
  if (candidates_.empty()) {
    idle();
  } else {
    const auto [machine, actor] = candidates_[dice_.below(candidates_.size())];
    machine->process->run(actor);
  }
  for (const auto& machine : machines_) reap(*machine);
  if (!storm_) tend();
}

// Nobody can run: something that is under way arrives, or time passes.
void History::idle() {
  if (!dice_.one_in(10) && settle_something()) return;
  for (const auto& machine : machines_) {
    if (may_start(*machine) && dice_.one_in(2)) return start(*machine);
  }
  MonoTime next = MonoTime::max();
  for (const auto& machine : machines_) {
    if (machine->process) next = std::min(next, machine->process->next_deadline());
  }
  if (next == MonoTime::max()) return;
  clock_.advance_to(next);
  expire_old_transaction();
  if (storm_ && dice_.one_in(50)) {
    note("time", "an hour passes");
    clock_.advance(std::chrono::hours(1));
  }
}

// As the broker does after transaction.timeout.ms: who died with one open leaves it to that.
void History::expire_old_transaction() {
  const std::vector<std::string> open = cluster_.open_transactions();
  if (std::find(open.begin(), open.end(), kLane.dotted()) == open.end()) return open_since_.reset();
  if (!open_since_) open_since_ = clock_.mono();
  if (clock_.mono() < *open_since_ + kTransactionTimeout) return;
  note("cluster", "a transaction expires");
  ++changes_;
  open_since_.reset();
  cluster_.expire(kLane.dotted());
}

// A marker is written, or a request that is under way arrives or is lost.
bool History::settle_something() {
  if (cluster_.markers() != 0) {
    ++changes_;
    note("cluster", "writes a marker");
    cluster_.write_marker(dice_.below(cluster_.markers()));
    return true;
  }
  if (cluster_.under_way().empty() || !dice_.one_in(3)) return false;
  auto request = cluster_.under_way().begin();
  std::advance(request, static_cast<std::ptrdiff_t>(dice_.below(cluster_.under_way().size())));
  const RequestId id = request->first;
  ++changes_;
  if (dice_.one_in(3)) {
    note("network", "loses a request");
    cluster_.lose(id);
  } else {
    note("network", "delivers a request");
    cluster_.arrive(id);
  }
  return true;
}

// The input's writer: records, and transactions of its own, which leave gaps.
void History::feed() {
  if (feeder_) {
    const Request::Kind kind = dice_.one_in(2) ? Request::Kind::kAbort : Request::Kind::kCommit;
    cluster_.arrive(cluster_.send({kind, *feeder_, {}, {}}));
    feeder_.reset();
    return;
  }
  if (records_ >= kRecordsMax) return;
  const auto partitions = static_cast<std::uint64_t>(cluster_.topics().at(kInput));
  const TopicPartition partition{kInput, static_cast<std::int32_t>(dice_.below(partitions))};
  const bool transaction = storm_ && dice_.one_in(3);
  if (transaction) feeder_ = cluster_.init("feeder");
  if (feeder_) cluster_.add_partition(*feeder_, partition);
  for (std::uint64_t count = 1 + dice_.below(2); count > 0; --count) {
    ++records_;
    const bool poison = weather_.poison && dice_.one_in(8);
    if (poison) explained_.insert(Code::kPoisonEpoch);
    FakeRecord record{.key = "k" + std::to_string(dice_.below(3)),
                      .value = poison ? kPoison : std::to_string(dice_.below(3)),
                      .timestamp_ms = static_cast<std::int64_t>(records_)};
    if (feeder_) {
      cluster_.produce(*feeder_, partition, std::move(record));
    } else {
      cluster_.produce_plainly(partition, std::move(record));
    }
  }
}

bool History::nothing_runs() const {
  return std::none_of(machines_.begin(), machines_.end(),
                      [](const auto& machine) { return machine->process != nullptr; });
}

bool History::may_start(const Machine& machine) const {
  if (machine.process || machine.retired) return false;
  if (!storm_ && &machine != survivor_) return false;
  return !machine.halted || machine.takes_over_next;
}

// Something in the world around the processes.
void History::act() {
  ++changes_;
  if (weather_.retention && dice_.one_in(8)) return delete_records();
  Machine& machine = *machines_[dice_.below(machines_.size())];
  switch (dice_.below(12)) {
    case 0:
    case 1:
    case 2:
      note("feeder", "writes");
      return feed();
    case 3:
      if (may_start(machine)) start(machine);
      return;
    case 4:
      if (weather_.outages) {
        note("cluster", cluster_.reachable() ? "goes away" : "comes back");
        cluster_.set_reachable(!cluster_.reachable());
      }
      return;
    case 5:
      if (weather_.expiring_transactions && dice_.one_in(2)) {
        for (const std::string& id : cluster_.open_transactions()) {
          if (id != kLane.dotted()) continue;
          note("cluster", "a transaction expires");
          cluster_.expire(id);
        }
      }
      return;
    case 6:
      if (weather_.stops && machine.process && !machine.process->stopping()) {
        note(machine.name, "is told to stop");
        machine.process->request_stop();
      }
      return;
    case 7:
      if (weather_.new_partition && !std::exchange(partition_added_, true)) {
        note("cluster", "has a new partition");
        cluster_.add_partitions(kInput, 3);
      }
      return;
    case 8:
      if (weather_.second_machine && machines_.size() == 1) start_second();
      return;
    case 9:
      if (weather_.takeovers && takeovers_ < kTakeoversMax && machine.halted == Code::kOtherOwner) {
        machine.takes_over_next = true;
      }
      return;
    case 10:
      return disturb_disk(machine);
    case 11:
      return disturb_groups();
    default:
      return;
  }
}

// By mistake: with a new state directory, or with a copy of the first one's.
void History::start_second() {
  machines_.push_back(std::make_unique<Machine>());
  Machine& second = *machines_.back();
  second.name = "B";
  if (dice_.one_in(2)) second.disk = machines_[0]->disk;
  // Of two that start for the first time at once, one can find the other's positions only.
  explained_.insert({Code::kOtherOwner, Code::kIdentityLost});
  if (weather_.follows) explained_.insert(Code::kStateLost);
  // ... or has resolved another beginning, which records were deleted before or behind.
  if (weather_.retention) explained_.insert(Code::kForeignOffsets);
  start(second);
}

void History::disturb_disk(Machine& machine) {
  if (weather_.restored_disk && !machine.backup && dice_.one_in(2)) {
    note(machine.name, "is backed up");
    machine.backup = machine.disk;
    return;
  }
  if (machine.process) return;
  const bool lost = weather_.lost_disk && dice_.one_in(2);
  if (!lost && (!weather_.restored_disk || !machine.backup)) return;
  note(machine.name, lost ? "has a new disk" : "has an older copy of its disk");
  machine.replaced.push_back(machine.disk);
  machine.disk = lost ? FakeDisk() : *machine.backup;
  explained_.insert(Code::kOtherOwner);
  if (weather_.follows) explained_.insert(Code::kStateLost);
}

void History::disturb_groups() {
  const bool claimed = auditor_.cell().has_value();
  if (weather_.moved_group && claimed && dice_.one_in(2)) {
    note("somebody", "resets the group");
    cluster_.commit_plainly(kGroup, {kInput, 0}, {static_cast<std::int64_t>(dice_.below(4)), ""});
    explained_.insert({Code::kForeignOffsets, Code::kPositionsExpired});
  }
  // Not while a transaction has an offset of it: whether that one is dropped or kept is not known.
  if (weather_.deleted_epoch_topic && claimed && dice_.one_in(3) &&
      !cluster_.unsettled(kLane.dotted(), {kEpochTopic, 0})) {
    note("somebody", "deletes the epoch topic");
    cluster_.delete_topic(kEpochTopic);
    explained_.insert({Code::kPositionsExpired, Code::kInDoubt});
  }
  // Offsets of a group live while its job does.
  const bool quiet = nothing_runs() && cluster_.markers() == 0 && cluster_.under_way().empty();
  if (weather_.expiry && claimed && quiet) {
    const std::uint64_t which = dice_.below(3);
    note("cluster", "forgets offsets");
    if (which != 0) cluster_.forget(kLane.dotted());
    if (which != 1) cluster_.forget(kGroup);
    explained_.insert({Code::kPositionsExpired, Code::kForeignOffsets, Code::kInDoubt});
  }
}

// Retention, or a person: from the beginning of a log, what was read and what was not.
void History::delete_records() {
  const auto partitions = static_cast<std::uint64_t>(cluster_.topics().at(kInput));
  FakeLog& log = *cluster_.log({kInput, static_cast<std::int32_t>(dice_.below(partitions))});
  const auto left = static_cast<std::uint64_t>(log.stable_end() - log.begin());
  if (left == 0) return;
  note("cluster", "deletes records");
  log.delete_before(log.begin() + 1 + static_cast<std::int64_t>(dice_.below(left)));
}

// Takes the end of a process.
void History::reap(Machine& machine) {
  if (!machine.process || !(machine.process->dead() || machine.process->ended())) return;
  ++changes_;
  const bool dead = machine.process->dead();
  const bool broken = machine.process->disk_is_broken();
  const LaneOutcome outcome = dead ? LaneOutcome{} : machine.process->outcome();
  machine.process->shut_down();
  machine.process.reset();
  if (dead) {
    const bool power =
        options_.crash_at ? options_.loses_power : weather_.power_loss && dice_.one_in(2);
    if (power) {
      note(machine.name, "loses power");
      machine.disk.lose_power(dice_.below(machine.disk.unsynced() + 1));
    }
    return;
  }
  note(machine.name, std::string("ends: ") + std::string(to_string(outcome.state)));
  if (outcome.error) note(machine.name, outcome.error->message());
  if (outcome.state == LaneState::kHalted) return halted(machine, *outcome.error);
  // Its disk failed: the next process opens the store anew.
  if (outcome.state == LaneState::kFailed && !outcome.threads_left && !broken) {
    auditor_.fail("the job failed: " + outcome.error->message());
  }
  // A drain that took too long leaves rows in the outbox for the next start.
  over_ = !storm_ && outcome.state != LaneState::kFailed && auditor_.all_read() &&
          (!weather_.follows || auditor_.all_delivered(outside_));
}

void History::halted(Machine& machine, const Error& error) {
  ++halts_;
  machine.halted = error.code();
  if (!explained_.contains(error.code())) {
    return auditor_.fail("HALT " + std::string(code_name(error.code())) +
                         ", which nothing that has happened explains: " + error.message());
  }
  if (error.code() == Code::kPoisonEpoch && weather_.skips) return skip_poison(machine);
  if (error.code() != Code::kOtherOwner) {
    machine.retired = true;
    result_.ending = std::string(code_name(error.code()));
  }
}

// A person has `weir offsets skip` leave the records out that no row can be written of.
void History::skip_poison(Machine& machine) {
  note("somebody", "skips records");
  machine.halted.reset();
  for (int i = 0; i < cluster_.topics().at(kInput); ++i) {
    const TopicPartition partition{kInput, i};
    const SplitId split{"in", kafka::split_name(partition)};
    const FakeLog& log = *cluster_.log(partition);
    for (std::int64_t at = auditor_.position(partition); at < log.end(); ++at) {
      const FakeRecord* record = log.visible(at);
      if (record == nullptr || record->value != kPoison) continue;
      auditor_.skip(partition, at);
      machine.disk.write([split, skip = kafka::encode_position({.next = at})](
                             DiskState& state) { state.lane->skips[split].insert(skip); },
                         true);
    }
  }
}

// The faults end: one machine is to go on, the other is stopped for good.
void History::clear_up() {
  storm_ = false;
  note("history", "the faults have ended");
  cluster_.set_reachable(true);
  if (feeder_) feed();
  survivor_ = machines_[dice_.below(machines_.size())].get();
  for (const auto& machine : machines_) {
    if (machine.get() == survivor_) continue;
    machine->retired = true;
    if (machine->process) machine->process->die();
    reap(*machine);
  }
}

// What a person does then: starts the job, says --takeover where the HALT offers it, and stops it
// when everything is read.
void History::tend() {
  if (survivor_->halted == Code::kOtherOwner) survivor_->takes_over_next = true;
  if (survivor_->retired && !survivor_->process) over_ = true;
  SimProcess* const process = survivor_->process.get();
  if (process == nullptr || process->stopping() || weather_.trigger == Trigger::kAvailableNow) {
    return;
  }
  if (process->state() == LaneState::kRunning && auditor_.all_read()) process->request_stop();
}

void History::finish() {
  const auto settled = [&] { return cluster_.markers() == 0 && cluster_.under_way().empty(); };
  for (const auto& machine : machines_) machine->process.reset();
  while (auditor_.violation().empty() && !settled()) settle_something();
  if (auditor_.violation().empty()) auditor_.check_output();
  if (auditor_.violation().empty()) auditor_.check_follower(outside_);
  if (result_.ending.empty()) result_.ending = "finished";
  result_.violation = auditor_.violation();
  if (!result_.violation.empty()) note("history", result_.violation);
  result_.trace_hash = hash_;
  result_.places = places_;
  result_.epochs = auditor_.epochs();
  result_.claims = auditor_.claims();
  result_.crashes = crashes_;
  result_.halts = halts_;
  result_.takeovers = takeovers_;
  result_.lost = auditor_.lost();
}

}  // namespace

HistoryResult run_history(const HistoryOptions& options) { return History(options).run(); }

}  // namespace weir::test
