#include "engine/survey.h"

#include <algorithm>

#include "base/check.h"

namespace weir {
namespace {

using std::chrono::seconds;

Error unknown(std::string_view what, const std::string& why) {
  return {Action::kRetry, Code::kBrokersUnreachable, std::string(what) + " is unknown: " + why};
}

const Source& source_of(const LaneParts& parts, const SplitId& split) {
  const auto found =
      std::find_if(parts.sources.begin(), parts.sources.end(),
                   [&](const auto& source) { return source->name() == split.source; });
  WEIR_CHECK(found != parts.sources.end(), "positions are asked about for the job's splits");
  return **found;
}

class Surveyor {
 public:
  Surveyor(LaneParts& parts, Decider& decider, SurveyMode mode, const Clock& clock)
      : parts_(parts), decider_(decider), mode_(mode), clock_(clock) {}

  Result<Survey> take(const StoreReading& store) {
    read_store(store);
    WEIR_ASSIGN(survey_.decider, decider_.identify(soon()));
    survey_.recovery.epoch_topic = survey_.decider.epoch_topic;
    const auto& lane = survey_.recovery.lane;
    const bool moved = lane && lane->decider.cluster_id != survey_.decider.cluster_id;
    if (moved && mode_ != SurveyMode::kSettleAnew) return survey_;
    if (mode_ == SurveyMode::kLook) {
      survey_.recovery.cell = decider_.peek(soon());
    } else {
      WEIR_ASSIGN(const bool ours, settle());
      if (!ours) return survey_;
    }
    for (const auto& source : parts_.sources) WEIR_TRY(read_source(*source));
    WEIR_TRY(read_mirrors());
    WEIR_TRY(read_tails());
    return survey_;
  }

 private:
  MonoTime soon() const {
    return clock_.mono() + (mode_ == SurveyMode::kLook ? seconds(5) : seconds(30));
  }

  void read_store(const StoreReading& store) {
    RecoveryFacts& facts = survey_.recovery;
    facts.id = parts_.id;
    facts.job = parts_.options.job_file;
    facts.takeover = parts_.options.takeover;
    facts.store_unreadable = !store.damage.empty();
    add_store_facts(facts, store.contents);
    survey_.damage = store.damage;
    survey_.host = parts_.options.host;
    survey_.plan = parts_.options.plan;
    survey_.light = parts_.options.may_be_light && parts_.followers.empty();
  }

  // Steps 2 to 4 of recovery. False when the cell is somebody else's: then nobody was fenced.
  Result<bool> settle() {
    for (const auto& sink : parts_.sinks) WEIR_TRY(sink->check(soon()));
    CellReading& cell = survey_.recovery.cell;
    cell = decider_.peek(soon());
    if (cell.state == ReadState::kUnknown) return unknown("the cell", cell.text);
    if (check_owner(survey_.recovery, survey_.host)) {
      // A plain read can be one commit old.
      cell = decider_.read_stable(clock_.mono() + seconds(75));
      if (cell.state == ReadState::kUnknown) return unknown("the cell", cell.text);
      if (check_owner(survey_.recovery, survey_.host)) return false;
    }
    WEIR_TRY(decider_.fence(soon()));
    cell = decider_.read_stable(soon());
    if (cell.state == ReadState::kUnknown) return unknown("the cell", cell.text);
    return !check_owner(survey_.recovery, survey_.host);
  }

  Result<> read_source(Source& source) {
    SurveyedSource found;
    found.name = source.name();
    if (const auto group = parts_.options.groups.find(source.name());
        group != parts_.options.groups.end()) {
      found.group = group->second;
    }
    if (const auto place = parts_.options.places.find(source.name());
        place != parts_.options.places.end()) {
      found.place = place->second;
    }
    found.start_committed = source.starts_at_committed();
    found.start_explicit = source.start_is_explicit();
    found.goes_on_after_loss = source.goes_on_after_loss();
    WEIR_ASSIGN(found.identity, source.identity(soon()));
    found.mirrored =
        decider_.mirror_is_transactional() && found.identity == survey_.decider.cluster_id;
    survey_.light = survey_.light && found.mirrored;
    WEIR_ASSIGN(const std::vector<SplitListing> listings, source.discover(soon()));
    std::vector<std::string> names;
    for (const SplitListing& listing : listings) names.push_back(listing.split);
    for (const auto& [split, progress] : known_splits()) {
      if (split.source != source.name()) continue;
      WEIR_ASSIGN(const bool read, is_read(source, split, progress.position, names));
      if (!read) survey_.uncovered.insert(split);
    }
    WEIR_ASSIGN(auto lows, source.beginnings(names, soon()));
    WEIR_ASSIGN(auto highs, source.ends_now(names, soon()));
    for (const std::string& name : names) {
      survey_.splits.push_back({{source.name(), name}, {}, {lows.at(name), highs.at(name)}});
    }
    if (mode_ == SurveyMode::kSettleAnew) {
      if (!found.start_committed) {
        WEIR_ASSIGN(found.first, source.first_positions(names, soon()));
      }
      if (source.bounded()) {
        WEIR_ASSIGN(found.ends, source.ends(names, soon()));
        found.end = source.end_text();
      }
    }
    survey_.sources.push_back(std::move(found));
    return {};
  }

  static Result<bool> is_read(Source& source, const SplitId& split, const Position& position,
                              const std::vector<std::string>& found) {
    if (!source.covers(split.split)) return false;
    if (std::find(found.begin(), found.end(), split.split) != found.end()) return true;
    WEIR_ASSIGN(const Missed miss, source.miss(split.split, position));
    return !miss.let_go;
  }

  SplitProgressMap known_splits() const {
    const auto& lane = survey_.recovery.lane;
    return lane ? lane->splits : SplitProgressMap{};
  }

  Result<> read_mirrors() {
    for (std::size_t i = 0; i < survey_.sources.size(); ++i) {
      WEIR_TRY(read_mirror(survey_.sources[i], *parts_.sources[i]));
    }
    return {};
  }

  Result<> read_mirror(SurveyedSource& of, Source& source) {
    const auto read = [&](const std::vector<SplitId>& splits, bool with_members) {
      return of.mirrored ? decider_.read_mirror(splits, with_members, soon())
                         : source.read_group(splits, with_members, soon());
    };
    std::vector<SplitId> ids;
    for (const SurveyedSplit& split : survey_.splits) {
      if (split.split.source == of.name) ids.push_back(split.split);
    }
    WEIR_ASSIGN(MirrorReading mirror, read(ids, false));
    for (const MirrorEntry& entry : mirror.entries) {
      if (entry.state == ReadState::kUnknown && mode_ != SurveyMode::kLook) {
        return unknown("an offset of the group", entry.text);
      }
      any_unknown_ = any_unknown_ || entry.state == ReadState::kUnknown;
      const auto split =
          std::find_if(survey_.splits.begin(), survey_.splits.end(),
                       [&](const SurveyedSplit& each) { return each.split == entry.split; });
      split->mirror = entry;
    }
    // While a transaction is open, a second read would wait for it as long as the first did.
    if (any_unknown_) return {};
    WEIR_ASSIGN(mirror, read(ids, true));
    of.group_has_members = !mirror.groups_with_members.empty();
    return {};
  }

  // Of the positions that the next start would verify.
  Result<> read_tails() {
    const SplitProgressMap positions = foresee(survey_, position_math(parts_)).positions;
    for (const auto& source : parts_.sources) {
      std::vector<SplitAssignment> assignments;
      for (const auto& [split, progress] : positions) {
        if (split.source == source->name()) assignments.push_back({split, progress.position, {}});
      }
      WEIR_ASSIGN(const std::vector<TailCheck> checks, source->verify_tails(assignments, soon()));
      for (const TailCheck& check : checks) survey_.tails[check.split] = check;
    }
    return {};
  }

  LaneParts& parts_;
  Decider& decider_;
  const SurveyMode mode_;
  const Clock& clock_;
  Survey survey_;
  bool any_unknown_ = false;  // of the groups' offsets
};

// The cell and all of the mirror. An answer that is not a plain OK is looked up, as after a start.
Result<> commit_claim(const LaneRecord& lane, const Survey& survey, Decider& decider,
                      const Clock& clock) {
  Commit commit{.cell = {.id = lane.id,
                         .epoch = lane.epoch,
                         .attempt = lane.attempt,
                         .owner = lane.owner_next,
                         .digest = lane.digest,
                         .plan = lane.plan,
                         .host = survey.host,
                         .claimed_at = std::chrono::floor<seconds>(clock.wall())},
                .mirror = {}};
  for (const auto& [split, progress] : lane.splits) {
    const bool read = is_mirrored(survey, split.source) && !survey.uncovered.contains(split);
    if (read) commit.mirror.emplace_back(split, progress.position);
  }
  const Result<Verdict> verdict = decider.commit(commit);
  if (verdict && *verdict == Verdict::kDecided) return {};
  if (!verdict && verdict.error().action() == Action::kStopJob) return verdict.error();
  // A copy of a request may still be under way: fence, and see what stands there for good.
  WEIR_TRY(decider.fence(clock.mono() + seconds(30)));
  const CellReading reading = decider.read_stable(clock.mono() + seconds(30));
  if (reading.state == ReadState::kUnknown) return unknown("the cell", reading.text);
  // Not the whole: the cell has no room for a long host's name.
  const bool done = reading.cell && reading.cell->epoch == commit.cell.epoch &&
                    reading.cell->attempt == commit.cell.attempt &&
                    reading.cell->owner == commit.cell.owner;
  if (done) return {};
  const std::string why = verdict ? "" : ": " + verdict.error().message();
  const auto& found = survey.recovery.cell.cell;
  if (reading.cell && reading.cell->owner != (found ? found->owner : OwnerId{})) {
    return Error{Action::kHalt, Code::kOtherOwner,
                 "another weir, on host " + reading.cell->host + ", has taken this job over" + why +
                     "\n  stop the other one for good, then the same command again with "
                     "--takeover"};
  }
  return Error{Action::kRetry, "the claim was not committed" + why + "; run the command again"};
}

}  // namespace

PositionMath position_math(const LaneParts& parts) {
  const auto same_bytes = [](const Position& a, const Position& b) { return a == b; };
  return {.same = parts.options.same_position ? parts.options.same_position : +same_bytes,
          .describe =
              [&parts](const SplitId& split, const Position& position) {
                return source_of(parts, split).describe(position);
              },
          .distance =
              [&parts](const SplitId& split, const Position& from, const Position& to) {
                return source_of(parts, split).distance(from, to);
              }};
}

Result<Survey> take_survey(LaneParts& parts, Decider& decider, const StoreReading& store,
                           SurveyMode mode, const Clock& clock) {
  return Surveyor(parts, decider, mode, clock).take(store);
}

Result<> carry_out(const Mend& mend, const Survey& survey, Decider& decider, EpochStore& store,
                   const Clock& clock, Random& random) {
  WEIR_CHECK(mend.verdict == MendVerdict::kDo, "only what was decided is carried out");
  LaneRecord lane = mend.lane;
  const RecoveryFacts& facts = survey.recovery;
  const bool cell_is_ours =
      facts.cell.cell && facts.lane && is_owner_of(*facts.lane, *facts.cell.cell);
  lane.owner = cell_is_ours ? facts.cell.cell->owner : OwnerId{};
  lane.owner_next = OwnerId{random.next() | 1U};
  lane.clean_stop = true;
  lane.clock = std::max(lane.clock, clock.wall());
  WEIR_TRY(decider.ensure_cell_place(clock.mono() + seconds(30)));
  WEIR_TRY(store.put_lane(lane, Sync::kYes));
  WEIR_TRY(commit_claim(lane, survey, decider, clock));
  lane.owner = lane.owner_next;
  WEIR_TRY(store.put_lane(lane, Sync::kYes));
  if (mend.drop_prepared) WEIR_TRY(store.drop_above(lane.epoch));
  if (mend.drop_applied) WEIR_TRY(store.drop_folded(lane.epoch));
  return {};
}

}  // namespace weir
