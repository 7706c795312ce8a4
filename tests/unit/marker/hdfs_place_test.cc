#include "marker/hdfs_place.h"

#include <catch2/catch.hpp>

#include "support/http_server.h"

namespace weir {
namespace {

using test::HttpReply;
using test::HttpServer;

TEST_CASE("hdfs_verdict: what was said of the marker and of its directory", "[marker]") {
  struct Row {
    HdfsWord path, parent;
    MarkerVerdict verdict;
    std::string why;
  };
  const Row table[] = {
      {HdfsWord::kFile, HdfsWord::kUnknown, MarkerVerdict::kExists, ""},
      {HdfsWord::kDirectory, HdfsWord::kUnknown, MarkerVerdict::kExists, ""},
      {HdfsWord::kMissing, HdfsWord::kDirectory, MarkerVerdict::kGone, ""},
      // As of a NameNode that was formatted anew.
      {HdfsWord::kMissing, HdfsWord::kMissing, MarkerVerdict::kUnknown,
       "its directory /run is not there"},
      // As a superuser is answered of what is below a file.
      {HdfsWord::kMissing, HdfsWord::kFile, MarkerVerdict::kUnknown,
       "its directory /run is a file"},
      {HdfsWord::kUnknown, HdfsWord::kDirectory, MarkerVerdict::kUnknown, "why"},
      {HdfsWord::kDone, HdfsWord::kDirectory, MarkerVerdict::kUnknown, "why"},
      {HdfsWord::kNothing, HdfsWord::kDirectory, MarkerVerdict::kUnknown, "why"},
  };
  for (const Row& row : table) {
    const MarkerCheck check =
        hdfs_verdict({.path = {.word = row.path, .why = "why"}, .parent = {row.parent}}, "/run");
    CHECK(check.verdict == row.verdict);
    CHECK(check.why == row.why);
    CHECK_FALSE(check.unusable);
  }
}

TEST_CASE("HDFS place: asks for the marker, and for the directory that it is in", "[marker]") {
  const HttpServer server([](const std::string& request) {
    if (request.find("/run?") == std::string::npos && request.find("v1/?") == std::string::npos) {
      return HttpReply::of(404, R"({"RemoteException":{"exception":"FileNotFoundException"}})");
    }
    return HttpReply::of(200, R"({"FileStatus":{"type":"DIRECTORY"}})");
  });
  const SystemClock clock;
  for (const std::string path : {"/run/marker", "/marker"}) {
    const auto place = make_hdfs_place(
        {.name = "hdfs://ns" + path, .path = path, .hdfs = {.namenodes = {server.address()}}},
        std::move(*HttpClient::open()), nullptr, clock);
    CHECK(place->check().verdict == MarkerVerdict::kGone);
    CHECK(place->name() == "hdfs://ns" + path);
    CHECK(place->surroundings().empty());
    place->cancel();
    CHECK(place->check().verdict == MarkerVerdict::kUnknown);
  }
  CHECK(server.requests().back() == "GET /webhdfs/v1/?op=GETFILESTATUS");
}

}  // namespace
}  // namespace weir
