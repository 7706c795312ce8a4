#include "net/webhdfs.h"

#include <catch2/catch.hpp>
#include <map>

#include "support/http_server.h"
#include "support/manual_clock.h"

namespace weir {
namespace {

using test::HttpReply;
using test::HttpServer;

// As a real NameNode of Hadoop 3.4.2 says it.
const std::string kFile =
    R"({"FileStatus":{"accessTime":1795396371075,"blockSize":134217728,"childrenNum":0,)"
    R"("fileId":16386,"group":"supergroup","length":0,"modificationTime":1795396371143,)"
    R"("owner":"root","pathSuffix":"","permission":"644","replication":1,"storagePolicy":0,)"
    R"("type":"FILE"}})";
const std::string kDirectory = R"({"FileStatus":{"replication":0,"type":"DIRECTORY"}})";
const std::string kHtml = "<html><head><title>Error 404 Not Found</title></head></html>";

std::string exception(const std::string& name, const std::string& message = "why") {
  return R"({"RemoteException":{"exception":")" + name +
         R"(","javaClassName":"org.apache.hadoop.X","message":")" + message + R"("}})";
}

const std::string kMissing = exception("FileNotFoundException", "File does not exist: /m");
const std::string kStandby =
    exception("StandbyException", "Operation category READ is not supported in state standby.");

TEST_CASE("read_status_answer: every answer of a NameNode, and of what is none", "[net]") {
  struct Row {
    int status;
    std::string body;
    HdfsWord word;
    std::string why;
  };
  const Row table[] = {
      {200, kFile, HdfsWord::kFile, ""},
      {200, kDirectory, HdfsWord::kDirectory, ""},
      {404, kMissing, HdfsWord::kMissing, ""},
      // The status alone says nothing: any web server has pages that are not there.
      {404, kHtml, HdfsWord::kUnknown, "HTTP 404, not from WebHDFS"},
      {404, "", HdfsWord::kUnknown, "HTTP 404, not from WebHDFS"},
      {404, exception("OtherException"), HdfsWord::kUnknown, "OtherException: why"},
      {200, kMissing, HdfsWord::kUnknown, "FileNotFoundException: File does not exist: /m"},
      {403, kStandby, HdfsWord::kUnknown,
       "StandbyException: Operation category READ is not supported in state standby."},
      {403, exception("AccessControlException", "Permission denied: user=alice"),
       HdfsWord::kUnknown, "AccessControlException: Permission denied: user=alice"},
      {403, exception("RetriableException", "Namenode is in startup mode"), HdfsWord::kUnknown,
       "RetriableException: Namenode is in startup mode"},
      {400, exception("IllegalArgumentException"), HdfsWord::kUnknown,
       "IllegalArgumentException: why"},
      {401, kHtml, HdfsWord::kUnknown, "HTTP 401, not from WebHDFS"},
      {500, kHtml, HdfsWord::kUnknown, "HTTP 500, not from WebHDFS"},
      {503, exception("FileNotFoundException"), HdfsWord::kUnknown, "FileNotFoundException: why"},
      {307, "", HdfsWord::kUnknown, "HTTP 307, not from WebHDFS"},
      {404, R"({"RemoteException":"FileNotFoundException"})", HdfsWord::kUnknown,
       "HTTP 404, not from WebHDFS"},
      {404, R"({"RemoteException":{"exception":null}})", HdfsWord::kUnknown,
       "HTTP 404, not from WebHDFS"},
      {404, R"([{"RemoteException":{"exception":"FileNotFoundException"}}])", HdfsWord::kUnknown,
       "HTTP 404, not from WebHDFS"},
      {404, kMissing.substr(0, kMissing.size() - 1), HdfsWord::kUnknown,
       "HTTP 404, not from WebHDFS"},
      {200, R"({"FileStatus":{"type":"SYMLINK"}})", HdfsWord::kUnknown,
       "HTTP 200, not from WebHDFS"},
      {200, R"({"FileStatus":{}})", HdfsWord::kUnknown, "HTTP 200, not from WebHDFS"},
      {200, std::string("\xff\0{", 3), HdfsWord::kUnknown, "HTTP 200, not from WebHDFS"},
      {500, exception("X", R"(one\nat java.lang)"), HdfsWord::kUnknown, "X: one"},
      // Nothing that moves a terminal's cursor, and whole characters.
      {500, exception("X", R"(\u001b[2Jone\r)"), HdfsWord::kUnknown, "X:  [2Jone "},
      {500, exception("X", std::string(199, 'x') + "\xc3\xbc"), HdfsWord::kUnknown,
       "X: " + std::string(199, 'x')},
  };
  for (const Row& row : table) {
    CAPTURE(row.status, row.body);
    const HdfsAnswer answer = read_status_answer({.status = row.status, .body = row.body});
    CHECK(answer.word == row.word);
    CHECK(answer.why == row.why);
  }
}

TEST_CASE("read_change_answer: done, nothing to do, or not known", "[net]") {
  const auto word = [](int status, const std::string& body) {
    return read_change_answer({.status = status, .body = body}).word;
  };
  CHECK(word(200, R"({"boolean":true})") == HdfsWord::kDone);
  CHECK(word(200, R"({"boolean":false})") == HdfsWord::kNothing);
  CHECK(word(201, "") == HdfsWord::kDone);
  CHECK(word(403, exception("FileAlreadyExistsException")) == HdfsWord::kDone);
  CHECK(word(403, exception("SafeModeException")) == HdfsWord::kUnknown);
  CHECK(word(403, exception("IOException", "Failed to find datanode")) == HdfsWord::kUnknown);
  CHECK(word(200, kHtml) == HdfsWord::kUnknown);
  CHECK(word(500, R"({"boolean":true})") == HdfsWord::kUnknown);
  CHECK(read_change_answer({.status = 200, .body = R"({"Location":"http://dn:1/x"})"}).location ==
        "http://dn:1/x");
}

TEST_CASE("encode_path: what HDFS reads back as it was", "[net]") {
  CHECK(encode_path("/weir/run/job-1_a.b~c") == "/weir/run/job-1_a.b~c");
  CHECK(encode_path("a b\xc3\xbc+%?c&d=e#f") == "a%20b%C3%BC%2B%25%3Fc%26d%3De%23f");
}

// NameNodes, each with an answer per operation, and a client that asks them.
struct Rig {
  using Script = std::map<std::string, HttpReply>;  // by method and path: "GET /m"

  explicit Rig(std::vector<Script> scripts) {
    WebHdfsOptions options;
    for (const Script& script : scripts) {
      servers.push_back(std::make_unique<HttpServer>([script](const std::string& request) {
        const std::size_t from = request.find("/webhdfs/v1");
        const std::size_t to = request.find('?');
        if (from == std::string::npos) return HttpReply::of(404, kHtml);
        const auto found =
            script.find(request.substr(0, from) + request.substr(from + 11, to - from - 11));
        return found == script.end() ? HttpReply::of(403, kStandby) : found->second;
      }));
      options.namenodes.push_back(servers.back()->address());
    }
    options.user = "wei r";
    client = std::move(*HttpClient::open());
    hdfs = std::make_unique<WebHdfs>(options, *client, nullptr, clock);
  }
  std::size_t asked(std::size_t server) const { return servers[server]->requests().size(); }

  const SystemClock clock;
  std::vector<std::unique_ptr<HttpServer>> servers;
  std::unique_ptr<HttpClient> client;
  std::unique_ptr<WebHdfs> hdfs;
};

const HttpReply kIsMissing = HttpReply::of(404, kMissing);
const HttpReply kIsDirectory = HttpReply::of(200, kDirectory);
const HttpReply kIsFile = HttpReply::of(200, kFile);

TEST_CASE("WebHDFS: NameNodes in turn, the one that knew first", "[net]") {
  Rig rig({{}, {{"GET /run/m", kIsFile}}, {{"GET /run/m", kIsFile}}});
  CHECK(rig.hdfs->look("/run/m", "/run").path.word == HdfsWord::kFile);
  CHECK(rig.hdfs->look("/run/m", "/run").path.word == HdfsWord::kFile);
  CHECK(rig.asked(0) == 1);
  CHECK(rig.asked(1) == 2);
  CHECK(rig.asked(2) == 0);
  CHECK(rig.servers[1]->requests()[0] ==
        "GET /webhdfs/v1/run/m?op=GETFILESTATUS&user.name=wei%20r");
}

TEST_CASE("WebHDFS: missing counts with its directory, of the same NameNode", "[net]") {
  Rig there({{{"GET /run/m", kIsMissing}, {"GET /run", kIsDirectory}}});
  const WebHdfs::Sight gone = there.hdfs->look("/run/m", "/run");
  CHECK(gone.path.word == HdfsWord::kMissing);
  CHECK(gone.parent.word == HdfsWord::kDirectory);

  Rig emptied({{{"GET /run/m", kIsMissing}, {"GET /run", kIsMissing}}});
  CHECK(emptied.hdfs->look("/run/m", "/run").parent.word == HdfsWord::kMissing);

  // The first becomes standby between the two questions; the second has the marker.
  Rig failing_over({{{"GET /run/m", kIsMissing}}, {{"GET /run/m", kIsFile}}});
  CHECK(failing_over.hdfs->look("/run/m", "/run").path.word == HdfsWord::kFile);
}

TEST_CASE("WebHDFS: when none knows, each one's reason is said", "[net]") {
  Rig rig({{}, {{"GET /run/m", HttpReply::of(404, kHtml)}}});
  const WebHdfs::Sight sight = rig.hdfs->look("/run/m", "/run");
  CHECK(sight.path.word == HdfsWord::kUnknown);
  CHECK(sight.path.why == rig.servers[0]->address() +
                              ": StandbyException: Operation category READ is not supported in "
                              "state standby.; " +
                              rig.servers[1]->address() + ": HTTP 404, not from WebHDFS");
}

TEST_CASE("WebHDFS: a frozen NameNode costs its own time-out, and all of them the total", "[net]") {
  const HttpServer frozen([](const std::string&) { return HttpReply{.stays_open = true}; });
  const HttpServer alive([](const std::string&) { return kIsFile; });
  const auto client = HttpClient::open();
  REQUIRE(client);
  const SystemClock clock;
  WebHdfs both({.namenodes = {frozen.address(), alive.address()},
                .user = "weir",
                .request_timeout = std::chrono::milliseconds(50)},
               **client, nullptr, clock);
  CHECK(both.look("/m", "/").path.word == HdfsWord::kFile);
  WebHdfs late({.namenodes = {frozen.address(), frozen.address(), alive.address()},
                .user = "weir",
                .request_timeout = std::chrono::milliseconds(50),
                .total_timeout = std::chrono::milliseconds(80)},
               **client, nullptr, clock);
  CHECK(late.look("/m", "/").path.word == HdfsWord::kUnknown);
  CHECK(alive.requests().size() == 1);
}

TEST_CASE("WebHDFS: a file is made by the DataNode that the NameNode names", "[net]") {
  const HttpServer data([&](const std::string&) { return HttpReply::of(201, ""); });
  Rig rig({{},
           {{"PUT /run/m",
             HttpReply::of(200, R"({"Location":"http://)" + data.address() + R"(/made?x=y"})")}}});
  CHECK(rig.hdfs->create_file("/run/m"));
  CHECK(data.requests() == std::vector<std::string>{"PUT /made?x=y"});
  CHECK(rig.servers[1]->requests() ==
        std::vector<std::string>{"PUT /webhdfs/v1/run/m?op=CREATE&user.name=wei%20r"
                                 "&overwrite=false&noredirect=true"});

  // A DataNode that died a moment ago is still named.
  Rig dead({{{"PUT /run/m", HttpReply::of(200, R"({"Location":"http://)" + test::closed_address() +
                                                   R"(/x"})")}}});
  CHECK_FALSE(dead.hdfs->create_file("/run/m"));
  Rig html({{{"PUT /run/m", HttpReply::of(200, kHtml)}}});
  CHECK_FALSE(html.hdfs->create_file("/run/m"));
  Rig leads_away({{{"PUT /run/m", HttpReply::of(307, "", "Location: http://127.0.0.1:1/\r\n")}}});
  CHECK_FALSE(leads_away.hdfs->create_file("/run/m"));
}

TEST_CASE("WebHDFS: directories and removals", "[net]") {
  const HttpReply yes = HttpReply::of(200, R"({"boolean":true})");
  const HttpReply no = HttpReply::of(200, R"({"boolean":false})");
  Rig rig({{{"PUT /d", yes}, {"DELETE /d", yes}, {"PUT /no", no}, {"DELETE /no", no}}});
  CHECK(rig.hdfs->make_directory("/d"));
  CHECK(*rig.hdfs->remove("/d"));
  CHECK_FALSE(rig.hdfs->make_directory("/no"));
  CHECK_FALSE(*rig.hdfs->remove("/no"));
  CHECK_FALSE(rig.hdfs->remove("/standby"));
}

}  // namespace
}  // namespace weir
