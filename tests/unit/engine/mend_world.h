#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/survey.h"

/// A cluster and a machine with one light lane of the job "clicks", source "in", topic "t", as
/// small as the commands of `weir offsets` need them. Positions are decimal numbers.
namespace weir::mend_test {

inline const LaneId kId{"weir", "clicks", "0"};
inline SplitId split(int partition) { return {"in", "t/" + std::to_string(partition)}; }
inline Position at(std::int64_t offset) { return {std::to_string(offset)}; }
inline std::int64_t number(const Position& position) { return std::stoll(position.bytes); }

/// What a commit answers, and whether it is done.
enum class CommitFault : unsigned char { kNone, kDoneUnseen, kLost, kDoubt };

struct World {
  // The cluster.
  std::optional<Cell> cell;
  bool cell_is_foreign = false;  // something that is not weir's stands there
  std::map<SplitId, std::pair<std::int64_t, std::optional<MirrorMark>>> mirror;
  std::map<SplitId, std::pair<std::int64_t, std::int64_t>> logs;  // low, high
  std::set<SplitId> rewritten;
  std::map<SplitId, std::int64_t> rewritten_below;  // and behind it reading has gone on
  mutable MonoTime tails_until{};                   // of the last comparison
  std::map<SplitId, std::int64_t> known_from;       // before it tails cannot be compared
  std::string cluster = "c1";
  std::string input_cluster;  // where the source is; empty: the same
  bool members = false;
  int fences = 0;
  int fences_left = 1'000'000;  // then the brokers are away
  std::string epoch_topic;
  // The machine.
  std::optional<LaneRecord> lane;
  std::optional<EpochRecord> prepared;
  std::set<EpochId> applied;  // that have a D record
  std::string damage;
  // The job file.
  bool start_committed = false;
  bool start_explicit = true;
  std::int64_t start_at = 0;
  bool bounded = false;
  std::set<SplitId> uncovered;  // that it no longer names
  bool goes_on_after_loss = false;
  std::map<SplitId, std::uint64_t> missed;  // let go when they are not there, so much unread

  /// The process dies before its write number `writes_left`, counted from 0.
  int writes_left = 1'000'000;
  CommitFault commit_fault = CommitFault::kNone;

  /// True when the process has died.
  bool dies() { return writes_left-- <= 0; }

  Cell cell_at(std::int64_t epoch, std::uint64_t attempt, std::uint64_t owner = 11) const {
    Cell made;
    made.id = kId;
    made.epoch = EpochId{epoch};
    made.attempt = AttemptId{attempt};
    made.owner = OwnerId{owner};
    made.host = "elsewhere";
    return made;
  }
  LaneRecord lane_at(std::int64_t epoch, std::uint64_t attempt, std::uint64_t owner = 11) const {
    LaneRecord made;
    made.id = kId;
    made.owner = made.owner_next = OwnerId{owner};
    made.epoch = EpochId{epoch};
    made.attempt = AttemptId{attempt};
    made.decider.cluster_id = "c1";
    made.sources["in"].cluster_id = "c1";
    return made;
  }
  void put_mark(int partition, std::int64_t offset, std::int64_t epoch) {
    mirror[split(partition)] = {offset, MirrorMark{kId.instance, kId.job, EpochId{epoch}}};
  }
};

class WorldDecider final : public Decider {
 public:
  explicit WorldDecider(World& world) : world_(world) {}
  Result<DeciderRecord> identify(MonoTime) override {
    DeciderRecord record;
    record.cluster_id = world_.cluster;
    record.cluster_name = "main";
    record.epoch_topic = world_.epoch_topic;
    return record;
  }
  Result<> ensure_cell_place(MonoTime) override { return {}; }
  CellReading peek(MonoTime) override { return read(); }
  CellReading read_stable(MonoTime) override { return read(); }
  Result<> fence(MonoTime) override {
    ++world_.fences;
    if (world_.fences_left-- > 0) return {};
    return Error{Action::kRetry, Code::kBrokersUnreachable, "no fence"};
  }
  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool, MonoTime) override {
    MirrorReading reading;
    for (const SplitId& id : splits) {
      MirrorEntry entry{
          .split = id, .state = ReadState::kAbsent, .position = {}, .mark = {}, .text = {}};
      if (const auto found = world_.mirror.find(id); found != world_.mirror.end()) {
        entry.state = ReadState::kValue;
        entry.position = at(found->second.first);
        entry.mark = found->second.second;
        entry.text = "offset " + std::to_string(found->second.first);
      }
      reading.entries.push_back(std::move(entry));
    }
    if (world_.members) reading.groups_with_members = {"g"};
    return reading;
  }
  bool mirror_is_transactional() const override { return true; }
  Result<> begin(EpochId) override { return {}; }
  Result<Verdict> commit(const Commit& commit) override {
    const Error died(Action::kRecover, "the process died");
    if (world_.dies()) return died;
    const CommitFault fault = std::exchange(world_.commit_fault, CommitFault::kNone);
    if (fault == CommitFault::kLost) return Error{Action::kRecover, "no answer"};
    world_.cell = commit.cell;
    world_.cell->host = commit.cell.host.substr(0, 3);  // a cell has room for so much
    for (const auto& [id, position] : commit.mirror) {
      world_.mirror[id] = {number(position), MirrorMark{commit.cell.id.instance, commit.cell.id.job,
                                                        commit.cell.epoch}};
    }
    if (fault == CommitFault::kDoneUnseen) return Error{Action::kRecover, "no answer"};
    return fault == CommitFault::kDoubt ? Verdict::kDecidedWithDoubt : Verdict::kDecided;
  }
  void abort(MonoTime) override {}
  std::uint64_t doubts() const override { return 0; }

 private:
  CellReading read() const {
    if (world_.cell_is_foreign) return {ReadState::kValue, {}, "not weir's"};
    return {world_.cell ? ReadState::kValue : ReadState::kAbsent, world_.cell, {}};
  }
  World& world_;
};

class WorldStore final : public EpochStore {
 public:
  explicit WorldStore(World& world) : world_(world) {}
  Result<StoreContents> load() override {
    StoreContents contents;
    contents.lane = world_.lane;
    contents.epochs = {world_.applied.begin(), world_.applied.end()};
    if (world_.prepared) {
      contents.epochs.push_back(world_.prepared->epoch);
      if (world_.prepared->epoch > world_.lane->epoch) contents.prepared = world_.prepared;
    }
    return contents;
  }
  Result<> put_lane(const LaneRecord& lane, Sync sync) override {
    if (sync == Sync::kNo || world_.dies()) return Error{Action::kRecover, "the process died"};
    world_.lane = lane;
    world_.damage.clear();
    return {};
  }
  Result<> drop_above(EpochId epoch) override {
    if (world_.dies()) return Error{Action::kRecover, "the process died"};
    if (world_.prepared && world_.prepared->epoch > epoch) world_.prepared.reset();
    return {};
  }
  Result<> put_epoch(EpochRecord&, const std::vector<OutboxRow>&) override { return unused(); }
  Result<> put_decided(EpochRecord&, const std::vector<OutboxRow>&, LaneRecord&) override {
    return unused();
  }
  Result<EpochRecord> get_epoch(EpochId) override { return unused(); }
  Result<> drop_folded(EpochId epoch) override {
    if (world_.dies()) return Error{Action::kRecover, "the process died"};
    std::erase_if(world_.applied, [&](EpochId each) { return each <= epoch; });
    return {};
  }
  Result<std::vector<std::string>> outbox(std::string_view, EpochId) override { return unused(); }
  Result<> acknowledge(std::string_view, EpochId) override { return unused(); }
  Result<EpochId> acknowledged(std::string_view) override { return unused(); }
  std::uint64_t outbox_bytes(std::string_view) override { return 0; }
  Result<> clear() override { return unused(); }

 private:
  static Error unused() { return {Action::kStopJob, "no command calls this"}; }
  World& world_;
};

class WorldSource final : public Source {
  using Positions = std::map<std::string, Position>;
  using Names = std::vector<std::string>;

 public:
  explicit WorldSource(const World& world) : world_(world) {}
  const std::string& name() const override { return name_; }
  Result<std::string> identity(MonoTime) override {
    return world_.input_cluster.empty() ? world_.cluster : world_.input_cluster;
  }
  Result<std::vector<SplitListing>> discover(MonoTime) override {
    std::vector<SplitListing> listings;
    for (const auto& [id, log] : world_.logs) listings.push_back({id.split, nullptr});
    return listings;
  }
  bool covers(const std::string& name) const override {
    return !world_.uncovered.contains({name_, name});
  }
  Result<Missed> miss(const std::string& name, const Position&) override {
    const auto found = world_.missed.find({name_, name});
    if (found == world_.missed.end()) return Missed{};
    if (found->second > 0 && !world_.goes_on_after_loss) {
      return Error{Action::kHalt, Code::kDataLoss, name + " went with records unread"};
    }
    return Missed{true, found->second, "as the test says"};
  }
  bool starts_at_committed() const override { return world_.start_committed; }
  bool start_is_explicit() const override { return world_.start_explicit; }
  Result<Positions> first_positions(const Names& names, MonoTime) override {
    Positions found;
    for (const std::string& each : names) found[each] = at(world_.start_at);
    return found;
  }
  Result<Positions> beginnings(const Names& names, MonoTime) override {
    Positions found;
    for (const std::string& each : names) found[each] = at(world_.logs.at({name_, each}).first);
    return found;
  }
  bool bounded() const override { return world_.bounded; }
  Result<Positions> ends(const Names& names, MonoTime deadline) override {
    return ends_now(names, deadline);
  }
  Result<Positions> ends_now(const Names& names, MonoTime) override {
    Positions found;
    for (const std::string& each : names) found[each] = at(world_.logs.at({name_, each}).second);
    return found;
  }
  bool goes_on_after_loss() const override { return world_.goes_on_after_loss; }
  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime deadline) override {
    std::vector<TailCheck> checks;
    world_.tails_until = deadline;
    for (const SplitAssignment& each : assignments) {
      const bool gone = !world_.logs.contains(each.split);
      if (!gone && world_.goes_on_after_loss &&
          number(each.position) > world_.logs.at(each.split).second) {
        checks.push_back({each.split, TailState::kOutside, "the log ends before it"});
        continue;
      }
      const auto below = world_.rewritten_below.find(each.split);
      const bool other =
          gone || world_.rewritten.contains(each.split) ||
          (below != world_.rewritten_below.end() && number(each.position) <= below->second);
      const auto from = world_.known_from.find(each.split);
      const bool known = from == world_.known_from.end() || number(each.position) >= from->second;
      const TailState state = other ? TailState::kRewritten : TailState::kSame;
      checks.push_back({each.split, known ? state : TailState::kUnverified,
                        gone ? "the partition is gone" : "another record stands there"});
    }
    return checks;
  }
  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>&, const std::vector<const Waker*>&) override {
    return Error{Action::kStopJob, "no command reads records"};
  }
  void unassign() override {}
  Result<> health() override { return {}; }
  std::string describe(const Position& position) const override { return position.bytes; }
  Result<Position> parse_position(std::string_view text) const override {
    return Position{std::string(text)};
  }
  std::optional<std::int64_t> distance(const Position& from, const Position& to) const override {
    return number(to) - number(from);
  }

 private:
  const World& world_;
  const std::string name_ = "in";
};

/// One process: what `weir offsets` is made of.
class Process {
 public:
  explicit Process(World& world, bool takeover = false)
      : world_(world), decider_(world), store_(world) {
    parts_.id = kId;
    parts_.sources.push_back(std::make_unique<WorldSource>(world));
    parts_.options.job_file = "clicks.yaml";
    parts_.options.host = "here";
    parts_.options.takeover = takeover;
    parts_.options.groups["in"] = "g";
    parts_.options.same_position = [](const Position& a, const Position& b) {
      return a.bytes == b.bytes;
    };
  }

  Survey survey(SurveyMode mode) {
    return *take_survey(parts_, decider_, {*store_.load(), world_.damage}, mode, clock_);
  }
  Outlook outlook(SurveyMode mode = SurveyMode::kLook) {
    return foresee(survey(mode), position_math(parts_));
  }
  /// Decides and, when there is something to do, does it.
  std::pair<Mend, Result<>> run(const MendRequest& request) {
    const bool reset = request.kind == MendKind::kReset;
    const Survey found = survey(reset ? SurveyMode::kSettleAnew : SurveyMode::kSettle);
    const PositionMath math = position_math(parts_);
    Mend mend = decide_mend(request, found, foresee(found, math), math);
    Result<> done;
    if (mend.verdict == MendVerdict::kDo) {
      done = carry_out(mend, found, decider_, store_, clock_, random_);
    }
    return {std::move(mend), std::move(done)};
  }

 private:
  World& world_;
  LaneParts parts_;
  WorldDecider decider_;
  WorldStore store_;
  SystemClock clock_;
  SeededRandom random_{7};
};

}  // namespace weir::mend_test
