#include "base/hash.h"
#include "cli/offsets_text.h"
#include "data/json.h"
#include "data/render.h"

namespace weir {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text.empty() ? "-" : text;
}

std::string time_text(WallTime at) {
  std::string text;
  append_rfc3339(text, at.time_since_epoch().count());
  return text;
}

std::string_view state_text(ReadState state) {
  switch (state) {
    case ReadState::kValue:
      return "value";
    case ReadState::kAbsent:
      return "absent";
    case ReadState::kUnknown:
      return "unknown";
  }
  return "?";
}

std::string_view tail_state_text(TailState state) {
  switch (state) {
    case TailState::kSame:
      return "same";
    case TailState::kUnverified:
      return "unverified";
    case TailState::kRewritten:
      return "rewritten";
    case TailState::kOutside:
      return "outside";
  }
  return "?";
}

// One JSON object, member by member.
class Object {
 public:
  Object& text(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(out_, value);
    return *this;
  }
  Object& raw(std::string_view name, std::string_view value) {
    begin(name);
    out_ += value;
    return *this;
  }
  Object& number(std::string_view name, std::optional<std::int64_t> value) {
    return raw(name, value ? std::to_string(*value) : "null");
  }
  Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Object& text_or_null(std::string_view name, std::string_view value) {
    return value.empty() ? raw(name, "null") : text(name, value);
  }
  std::string take() { return out_ + "}"; }

 private:
  void begin(std::string_view name) {
    if (out_.size() > 1) out_ += ",";
    append_json_string(out_, name);
    out_ += ":";
  }
  std::string out_ = "{";
};

std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? "," : "") + item;
  return out + "]";
}

std::string digest_text(const std::optional<Digest>& digest) {
  return digest ? to_hex16(digest->value()) : "";
}

std::string lane_json(const LaneRecord& lane) {
  return Object()
      .number("epoch", lane.epoch.value())
      .text("attempt", to_hex16(lane.attempt.value()))
      .text("owner", to_hex16(lane.owner.value()))
      .text("owner_next", to_hex16(lane.owner_next.value()))
      .text_or_null("digest", digest_text(lane.digest))
      .flag("light", lane.light)
      .flag("clean_stop", lane.clean_stop)
      .text("plan", to_hex16(lane.plan.value()))
      .text("clock", time_text(lane.clock))
      .take();
}

std::string cell_json(const CellReading& reading) {
  Object object;
  object.text("state", state_text(reading.state)).text_or_null("text", reading.text);
  if (!reading.cell) return object.take();
  const Cell& cell = *reading.cell;
  return object.number("epoch", cell.epoch.value())
      .text("attempt", to_hex16(cell.attempt.value()))
      .text("owner", to_hex16(cell.owner.value()))
      .text_or_null("digest", digest_text(cell.digest))
      .text("plan", to_hex16(cell.plan.value()))
      .text("host", cell.host)
      .text("claimed_at", time_text(cell.claimed_at))
      .take();
}

// A number where it is one, as Kafka's are.
std::string offset_json(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) return text;
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

std::string split_json(const LaneView& view, const SurveyedSplit& split) {
  const auto offset = [&](const Position& position) {
    return offset_json(view.math.describe(split.split, position));
  };
  const auto& lane = view.survey.recovery.lane;
  const bool known = lane && lane->splits.contains(split.split);
  const bool mirrored = split.mirror.state == ReadState::kValue;
  const auto lag = mirrored ? view.math.distance(split.split, split.mirror.position, split.log.high)
                            : std::nullopt;
  std::vector<std::string> skips;
  if (lane && lane->skips.contains(split.split)) {
    for (const Position& skip : lane->skips.at(split.split)) skips.push_back(offset(skip));
  }
  const auto tail = view.survey.tails.find(split.split);
  return Object()
      .text("source", split.split.source)
      .text("split", split.split.split)
      .raw("lane", known ? offset(lane->splits.at(split.split).position) : "null")
      .raw("group", mirrored ? offset(split.mirror.position) : "null")
      .text("group_state", state_text(split.mirror.state))
      .number("group_epoch",
              split.mirror.mark ? std::optional(split.mirror.mark->epoch.value()) : std::nullopt)
      .flag("group_is_ours", is_own_mark(view.survey, split.mirror))
      .raw("begin", offset(split.log.low))
      .raw("end", offset(split.log.high))
      .number("lag", lag)
      .raw("left_out", list(skips))
      .text("tail",
            tail == view.survey.tails.end() ? "unverified" : tail_state_text(tail->second.state))
      .take();
}

// "name value" lines.
class Lines {
 public:
  void add(const std::string& name, const std::string& value) {
    out_ += name + " " + (value.empty() ? "-" : value) + "\n";
  }
  void add(const std::string& name, std::int64_t value) { add(name, std::to_string(value)); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void dump_decider(Lines& lines, const std::string& of, const DeciderRecord& decider) {
  lines.add(of + ".kind", static_cast<std::int64_t>(decider.kind));
  lines.add(of + ".cluster_id", decider.cluster_id);
  lines.add(of + ".cluster_name", decider.cluster_name);
  lines.add(of + ".brokers", decider.brokers);
  lines.add(of + ".epoch_topic", decider.epoch_topic);
  lines.add(of + ".transactional_id", decider.transactional_id);
}

void dump_lane(Lines& lines, const LaneView& view, const LaneRecord& lane) {
  lines.add("LANE.id", lane.id.dotted());
  lines.add("LANE.epoch", lane.epoch.value());
  lines.add("LANE.attempt", to_hex16(lane.attempt.value()));
  lines.add("LANE.owner", to_hex16(lane.owner.value()));
  lines.add("LANE.owner_next", to_hex16(lane.owner_next.value()));
  lines.add("LANE.digest", digest_text(lane.digest));
  lines.add("LANE.light", lane.light ? 1 : 0);
  lines.add("LANE.clean_stop", lane.clean_stop ? 1 : 0);
  lines.add("LANE.plan", to_hex16(lane.plan.value()));
  lines.add("LANE.watermark", lane.watermark ? time_text(*lane.watermark) : "");
  lines.add("LANE.clock", time_text(lane.clock));
  dump_decider(lines, "LANE.decider", lane.decider);
  for (const auto& [name, source] : lane.sources) {
    lines.add("LANE.source." + name + ".cluster_id", source.cluster_id);
    for (const auto& [split, end] : source.ends) {
      lines.add("LANE.source." + name + ".end." + split, hex(end.bytes));
    }
  }
  // A source that the job does not have any more cannot say what its bytes mean.
  const auto readable = [&](const SplitId& split) {
    for (const SurveyedSource& source : view.survey.sources) {
      if (source.name == split.source) return true;
    }
    return false;
  };
  const auto position = [&](const SplitId& split, const Position& at) {
    return hex(at.bytes) + (readable(split) ? " = " + view.math.describe(split, at) : "");
  };
  for (const auto& [split, progress] : lane.splits) {
    lines.add("LANE.position." + split.text(), position(split, progress.position));
  }
  for (const auto& [split, skips] : lane.skips) {
    for (const Position& skip : skips) {
      lines.add("LANE.left_out." + split.text(), position(split, skip));
    }
  }
}

}  // namespace

std::string show_json(const LaneView& view) {
  const Survey& survey = view.survey;
  std::vector<std::string> splits;
  for (const SurveyedSplit& split : survey.splits) splits.push_back(split_json(view, split));
  std::vector<std::string> sources;
  for (const SurveyedSource& source : survey.sources) {
    sources.push_back(Object()
                          .text("name", source.name)
                          .text("group", source.group)
                          .flag("group_has_members", source.group_has_members)
                          .text("cluster_id", source.identity)
                          .take());
  }
  const Outlook& outlook = view.outlook;
  const bool told = outlook.unknown.empty();
  Object next;
  next.text_or_null("row", told ? outlook.decision.row : "");
  next.text_or_null("halt", told && outlook.halts() ? code_name(outlook.decision.halt) : "");
  next.text_or_null("code", told && outlook.halts() ? to_string(outlook.decision.halt) : "");
  next.text_or_null("text", told ? outlook.decision.text : outlook.unknown);
  return Object()
             .text("instance", view.id.instance)
             .text("job", view.id.job)
             .text("lane", view.id.lane)
             .text("state_directory", view.directory)
             .text_or_null("held_by", view.holder)
             .text_or_null("damage", survey.damage)
             .raw("LANE", survey.recovery.lane ? lane_json(*survey.recovery.lane) : "null")
             .raw("cell", view.unreachable.empty() ? cell_json(survey.recovery.cell) : "null")
             .text_or_null("unreachable", view.unreachable)
             .raw("sources", list(sources))
             .raw("splits", list(splits))
             .raw("next_start", next.take())
             .take() +
         "\n";
}

std::string show_dump(const LaneView& view) {
  Lines lines;
  const Survey& survey = view.survey;
  lines.add("lane", view.id.dotted());
  lines.add("directory", view.directory);
  lines.add("held_by", view.holder);
  lines.add("damage", survey.damage);
  lines.add("host", survey.host);
  lines.add("plan", to_hex16(survey.plan.value()));
  if (survey.recovery.lane) {
    dump_lane(lines, view, *survey.recovery.lane);
  } else {
    lines.add("LANE", "");
  }
  if (survey.recovery.prepared) {
    lines.add("prepared.epoch", survey.recovery.prepared->epoch.value());
    lines.add("prepared.attempt", to_hex16(survey.recovery.prepared->attempt.value()));
    lines.add("prepared.digest", digest_text(survey.recovery.prepared->digest));
  }
  if (!view.unreachable.empty()) {
    lines.add("unreachable", view.unreachable);
    return lines.take();
  }
  dump_decider(lines, "decider", survey.decider);
  lines.add("cell.state", std::string(state_text(survey.recovery.cell.state)));
  lines.add("cell.text", survey.recovery.cell.text);
  for (const SurveyedSource& source : survey.sources) {
    lines.add("source." + source.name + ".group", source.group);
    lines.add("source." + source.name + ".cluster_id", source.identity);
    lines.add("source." + source.name + ".group_has_members", source.group_has_members ? 1 : 0);
  }
  for (const SurveyedSplit& split : survey.splits) {
    const std::string name = split.split.text();
    lines.add("group." + name, std::string(state_text(split.mirror.state)) +
                                   (split.mirror.text.empty() ? "" : ", " + split.mirror.text));
    lines.add("log." + name, view.math.describe(split.split, split.log.low) + " to " +
                                 view.math.describe(split.split, split.log.high));
  }
  for (const auto& [split, check] : survey.tails) {
    lines.add("tail." + split.text(),
              std::string(tail_state_text(check.state)) +
                  (check.state == TailState::kSame ? "" : ", " + check.detail));
  }
  lines.add("next_start", next_start_text(view.outlook));
  return lines.take();
}

}  // namespace weir
