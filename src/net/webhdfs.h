#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"
#include "net/kerberos.h"

namespace weir {

/// What a NameNode's answer says.
enum class HdfsWord : unsigned char {
  kFile,
  kDirectory,
  kMissing,  ///< 404 and FileNotFoundException; a 404 alone may be any web server's
  kDone,     ///< a change was made, or was there already
  kNothing,  ///< there was nothing to change
  kUnknown,
};

struct HdfsAnswer {
  HdfsWord word = HdfsWord::kUnknown;
  std::string why = {};       ///< of kUnknown, for a person
  std::string location = {};  ///< of a CREATE's first step: where its second one goes
};

// From what was said to what it means. Pure.
HdfsAnswer read_status_answer(const HttpAnswer& answer);  ///< GETFILESTATUS
HdfsAnswer read_change_answer(const HttpAnswer& answer);  ///< CREATE, MKDIRS and DELETE

/// `path` as it stands in a URL: everything but letters, digits and -._~/ is percent-encoded.
std::string encode_path(std::string_view path);

struct WebHdfsOptions {
  std::vector<std::string> namenodes;  ///< host:port, each with the other's files
  bool tls = false;
  std::string user = {};  ///< user.name; empty with Kerberos
  /// Of one request, and of all that an operation asks of all its NameNodes.
  std::chrono::milliseconds request_timeout{5000};
  std::chrono::milliseconds total_timeout{15000};
};

/// One HDFS by its WebHDFS interface. The NameNodes are asked in turn until one knows, the one that
/// knew last first; one that is standby, starting, frozen or gone does not know.
///
/// Owned by whoever asks. Thread: its owner's, which no call holds longer than total_timeout.
class WebHdfs {
 public:
  /// `login` is null without Kerberos. What is given outlives it.
  WebHdfs(WebHdfsOptions options, HttpClient& client, KerberosLogin* login, const Clock& clock)
      : options_(std::move(options)), client_(client), login_(login), clock_(clock) {}

  /// kFile, kDirectory, kMissing or kUnknown of both paths, asked of one NameNode, that of `parent`
  /// only when `path` is missing: one answer from each of two clusters would say nothing.
  struct Sight {
    HdfsAnswer path, parent;
  };
  Sight look(const std::string& path, const std::string& parent);

  /// An empty file, or a directory; parents are made too. Done when it is there already. Errors:
  /// kRetry.
  Result<> create_file(const std::string& path);
  Result<> make_directory(const std::string& path);
  /// A file or an empty directory; false when it was not there. Errors: kRetry.
  Result<bool> remove(const std::string& path);

 private:
  using Ask = std::function<HdfsAnswer(const std::string& namenode)>;
  HdfsAnswer ask_in_turn(const Ask& ask);
  HdfsAnswer ask(HttpMethod method, const std::string& url,
                 HdfsAnswer (*read)(const HttpAnswer& answer));
  std::string url(const std::string& namenode, const std::string& path,
                  std::string_view operation) const;
  Result<HdfsWord> change(const Ask& ask);

  const WebHdfsOptions options_;
  HttpClient& client_;
  KerberosLogin* const login_;
  const Clock& clock_;
  std::size_t first_ = 0;  // the NameNode that knew last
  MonoTime deadline_;      // of the operation
};

}  // namespace weir
