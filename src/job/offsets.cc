#include "job/offsets.h"

#include <filesystem>
#include <thread>

#include "engine/mend_words.h"
#include "job/build.h"
#include "job/seen_store.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

// Damage is something to show and to reset; a store of a newer weir is neither.
bool is_damage(const Error& error) {
  return error.code() == Code::kCorruptStore && error.action() == Action::kHalt;
}

}  // namespace

Result<std::unique_ptr<Offsets>> Offsets::build(const JobSpec& job, const Plan& plan,
                                                const OffsetsOptions& options) {
  std::unique_ptr<Offsets> made(new Offsets());
  made->path_ = options.state_dir + "/" + options.instance + "/" + job.identity();
  // The store itself stays here: a damaged one is no reason not to look at the rest.
  WEIR_ASSIGN(
      made->parts_,
      build_lane(
          job, plan, options.instance, make_seen_store(made->reading_.contents),
          {.clock = made->clock_, .job_file = options.job_file, .takeover = options.takeover}));
  WEIR_ASSIGN(made->decider_, made->parts_.make_decider());
  return made;
}

Result<std::unique_ptr<Offsets>> Offsets::look(const JobSpec& job, const Plan& plan,
                                               const OffsetsOptions& options) {
  WEIR_ASSIGN(std::unique_ptr<Offsets> made, build(job, plan, options));
  // Let go at the end of this block: a start that waits for the lock must not wait for Kafka.
  WEIR_ASSIGN(const std::unique_ptr<JobDirectoryView> directory,
              JobDirectoryView::open(made->path_));
  made->holder_ = directory->holder();
  if (made->holder_.empty()) {
    Result<StoreContents> contents = read_rocksdb_store(made->path_ + "/db");
    if (contents) {
      made->reading_.contents = std::move(*contents);
    } else if (is_damage(contents.error())) {
      made->reading_.damage = contents.error().message();
    } else {
      return std::move(contents.error());
    }
  }
  return made;
}

Result<std::unique_ptr<Offsets>> Offsets::open(const JobSpec& job, const Plan& plan,
                                               const OffsetsOptions& options) {
  WEIR_ASSIGN(std::unique_ptr<Offsets> made, build(job, plan, options));
  WEIR_ASSIGN(made->directory_, JobDirectory::open(made->path_, std::chrono::seconds(10),
                                                   [](std::chrono::milliseconds pause) {
                                                     std::this_thread::sleep_for(pause);
                                                     return true;
                                                   }));
  WEIR_TRY(made->open_store());
  return made;
}

Result<> Offsets::open_store() {
  Result<std::unique_ptr<EpochStore>> store = open_rocksdb_store(directory_->store_path());
  Result<StoreContents> contents =
      store ? (*store)->load() : Result<StoreContents>(std::move(store.error()));
  if (store) store_ = std::move(*store);
  if (contents) {
    reading_.contents = std::move(*contents);
    return {};
  }
  if (!is_damage(contents.error())) return std::move(contents.error());
  reading_.damage = contents.error().message();
  return {};
}

LaneView Offsets::view() {
  LaneView view;
  view.id = parts_.id;
  view.directory = path_;
  view.holder = holder_;
  view.math = math();
  Result<Survey> survey = take_survey(parts_, *decider_, reading_, SurveyMode::kLook, clock_);
  if (survey) {
    view.survey = std::move(*survey);
  } else {
    view.unreachable = survey.error().message();
    view.survey.recovery.lane = reading_.contents.lane;
    view.survey.damage = reading_.damage;
  }
  if (!view.holder.empty()) {
    view.outlook.unknown = "a process holds the state directory";
  } else if (!view.unreachable.empty()) {
    view.outlook.unknown = "the cluster did not answer";
  } else {
    view.outlook = foresee(view.survey, view.math);
  }
  return view;
}

Result<> Offsets::read_words(MendRequest& request, const std::vector<std::string>& words) {
  if (request.kind == MendKind::kSeek) {
    WEIR_ASSIGN(request.seeks, parse_seeks(parts_, words));
  }
  if (request.kind == MendKind::kSkip) {
    WEIR_ASSIGN(request.skips, parse_skips(parts_, words));
  }
  return {};
}

Result<Mend> Offsets::decide(MendRequest request) {
  request.attempt = AttemptId{random_.next() | 1U};
  const SurveyMode mode =
      request.kind == MendKind::kReset ? SurveyMode::kSettleAnew : SurveyMode::kSettle;
  WEIR_ASSIGN(survey_, take_survey(parts_, *decider_, reading_, mode, clock_));
  outlook_ = foresee(survey_, math());
  return decide_mend(request, survey_, outlook_, math());
}

// A new store in the place of one that cannot be opened, which is kept beside it.
Result<> Offsets::replace_store() {
  const std::string store = directory_->store_path();
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall()).time_since_epoch();
  const std::string aside = store + ".damaged-" + std::to_string(now.count());
  std::error_code error;
  std::filesystem::rename(store, aside, error);
  if (error) {
    return Error{Action::kStopJob, Code::kStateUnusable,
                 "cannot rename " + store + ": " + error.message()};
  }
  put_aside_ = aside;
  WEIR_ASSIGN(store_, open_rocksdb_store(store));
  return {};
}

Result<Outlook> Offsets::carry_out(const Mend& mend) {
  if (!store_) WEIR_TRY(replace_store());
  WEIR_TRY(weir::carry_out(mend, survey_, *decider_, *store_, clock_, random_));
  reading_ = {};
  WEIR_ASSIGN(reading_.contents, store_->load());
  parts_.options.takeover = false;
  WEIR_ASSIGN(const Survey after,
              take_survey(parts_, *decider_, reading_, SurveyMode::kSettle, clock_));
  return foresee(after, math());
}

}  // namespace weir
