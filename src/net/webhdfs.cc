#include "net/webhdfs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/json.h"

namespace weir {
namespace {

constexpr std::size_t kPadding = 64;  // readable bytes that the JSON reader wants behind a text

// A JSON object of an answer's body, with its texts.
class Object {
 public:
  explicit Object(const std::string& body) {
    if (Result<std::string_view> text = canonical_json(arena_.copy(body, kPadding), arena_); text)
      text_ = *text;
  }
  std::string text(std::string_view object, std::string_view key) {
    const auto inner = text_.empty() ? std::nullopt : json_get(text_, object);
    const auto value = inner ? json_get(*inner, key) : std::nullopt;
    const auto unquoted = value ? json_as_text(*value, arena_) : std::nullopt;
    return unquoted ? std::string(*unquoted) : std::string();
  }
  std::string text(std::string_view key) {
    const auto value = text_.empty() ? std::nullopt : json_get(text_, key);
    const auto unquoted = value ? json_as_text(*value, arena_) : std::nullopt;
    return unquoted ? std::string(*unquoted) : std::string();
  }

 private:
  Arena arena_;
  std::string_view text_;
};

// The first line of what a server says, for a terminal; some exceptions carry a stack trace.
std::string first_line(std::string text) {
  constexpr std::size_t kLengthMax = 200;
  text.resize(std::min({text.find('\n'), text.size(), kLengthMax}));
  text.resize(utf8_prefix(text));
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

HdfsAnswer unknown(std::string why) { return {.why = std::move(why)}; }

HdfsAnswer unknown(const HttpAnswer& answer, Object& body) {
  const std::string exception = first_line(body.text("RemoteException", "exception"));
  if (exception.empty()) return unknown(fmt::format("HTTP {}, not from WebHDFS", answer.status));
  return unknown(
      fmt::format("{}: {}", exception, first_line(body.text("RemoteException", "message"))));
}

}  // namespace

HdfsAnswer read_status_answer(const HttpAnswer& answer) {
  Object body(answer.body);
  const std::string type = body.text("FileStatus", "type");
  if (answer.status == 200 && type == "FILE") return {HdfsWord::kFile};
  if (answer.status == 200 && type == "DIRECTORY") return {HdfsWord::kDirectory};
  if (answer.status == 404 &&
      body.text("RemoteException", "exception") == "FileNotFoundException") {
    return {HdfsWord::kMissing};
  }
  return unknown(answer, body);
}

HdfsAnswer read_change_answer(const HttpAnswer& answer) {
  Object body(answer.body);
  if (answer.status == 200 && body.text("boolean") == "true") return {HdfsWord::kDone};
  if (answer.status == 200 && body.text("boolean") == "false") return {HdfsWord::kNothing};
  if (answer.status == 201) return {HdfsWord::kDone};
  if (answer.status == 200) {
    if (const std::string location = body.text("Location"); !location.empty()) {
      return {.word = HdfsWord::kNothing, .location = location};
    }
  }
  if (answer.status == 403 &&
      body.text("RemoteException", "exception") == "FileAlreadyExistsException") {
    return {HdfsWord::kDone};
  }
  return unknown(answer, body);
}

std::string encode_path(std::string_view path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string encoded;
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string WebHdfs::url(const std::string& namenode, const std::string& path,
                         std::string_view operation) const {
  return fmt::format("{}://{}/webhdfs/v1{}?op={}{}", options_.tls ? "https" : "http", namenode,
                     encode_path(path), operation,
                     options_.user.empty() ? "" : "&user.name=" + encode_path(options_.user));
}

HdfsAnswer WebHdfs::ask(HttpMethod method, const std::string& url,
                        HdfsAnswer (*read)(const HttpAnswer& answer)) {
  if (login_ != nullptr) {
    if (Result<> in = login_->ensure(clock_.wall()); !in) return unknown(in.error().message());
  }
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.mono());
  if (left.count() <= 0) return unknown("no time is left to ask it");
  const Result<HttpAnswer> answer = client_.send(
      {.method = method, .url = url, .timeout = std::min(left, options_.request_timeout)});
  return answer ? read(*answer) : unknown(answer.error().message());
}

HdfsAnswer WebHdfs::ask_in_turn(const Ask& ask) {
  deadline_ = clock_.mono() + options_.total_timeout;
  std::string why;
  for (std::size_t i = 0; i < options_.namenodes.size(); ++i) {
    const std::size_t at = (first_ + i) % options_.namenodes.size();
    HdfsAnswer answer = ask(options_.namenodes[at]);
    if (answer.word != HdfsWord::kUnknown) {
      first_ = at;
      return answer;
    }
    why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", options_.namenodes[at], answer.why);
  }
  return unknown(std::move(why));
}

WebHdfs::Sight WebHdfs::look(const std::string& path, const std::string& parent) {
  Sight sight;
  sight.path = ask_in_turn([&](const std::string& namenode) {
    const HdfsAnswer answer =
        this->ask(HttpMethod::kGet, url(namenode, path, "GETFILESTATUS"), &read_status_answer);
    if (answer.word != HdfsWord::kMissing) return answer;
    sight.parent =
        this->ask(HttpMethod::kGet, url(namenode, parent, "GETFILESTATUS"), &read_status_answer);
    // One that can tell of the one and not of the other knows nothing.
    return sight.parent.word == HdfsWord::kUnknown ? sight.parent : answer;
  });
  return sight;
}

Result<HdfsWord> WebHdfs::change(const Ask& ask) {
  HdfsAnswer answer = ask_in_turn(ask);
  if (answer.word == HdfsWord::kUnknown) return Error{Action::kRetry, std::move(answer.why)};
  return answer.word;
}

Result<> WebHdfs::create_file(const std::string& path) {
  WEIR_TRY(change([&](const std::string& namenode) {
    // Which DataNode takes it, then that one.
    HdfsAnswer first = this->ask(HttpMethod::kPut,
                                 url(namenode, path, "CREATE") + "&overwrite=false&noredirect=true",
                                 &read_change_answer);
    if (first.location.empty()) {
      return first.word == HdfsWord::kUnknown ? first : unknown("it names no DataNode");
    }
    if (options_.tls && !first.location.starts_with("https://")) {
      return unknown("it names a DataNode without TLS");
    }
    const HdfsAnswer second = this->ask(HttpMethod::kPut, first.location, &read_change_answer);
    return second.word == HdfsWord::kNothing ? unknown("the DataNode made nothing") : second;
  }));
  return {};
}

Result<> WebHdfs::make_directory(const std::string& path) {
  WEIR_ASSIGN(const HdfsWord word, change([&](const std::string& namenode) {
                return this->ask(HttpMethod::kPut, url(namenode, path, "MKDIRS"),
                                 &read_change_answer);
              }));
  if (word != HdfsWord::kDone) return Error{Action::kRetry, "the NameNode made no directory"};
  return {};
}

Result<bool> WebHdfs::remove(const std::string& path) {
  WEIR_ASSIGN(const HdfsWord word, change([&](const std::string& namenode) {
                return this->ask(HttpMethod::kDelete, url(namenode, path, "DELETE"),
                                 &read_change_answer);
              }));
  return word == HdfsWord::kDone;
}

}  // namespace weir
