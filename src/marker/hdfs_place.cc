#include "marker/hdfs_place.h"

namespace weir {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

class HdfsPlace final : public MarkerPlace {
 public:
  HdfsPlace(HdfsPlaceOptions options, std::unique_ptr<HttpClient> client,
            std::unique_ptr<KerberosLogin> login, const Clock& clock)
      : options_(std::move(options)),
        parent_(parent_of(options_.path)),
        client_(std::move(client)),
        login_(std::move(login)),
        hdfs_(options_.hdfs, *client_, login_.get(), clock) {}

  const std::string& name() const override { return options_.name; }
  MarkerCheck check() override { return hdfs_verdict(hdfs_.look(options_.path, parent_), parent_); }
  Result<> create() override {
    return options_.directory ? hdfs_.make_directory(options_.path)
                              : hdfs_.create_file(options_.path);
  }
  Result<bool> remove() override { return hdfs_.remove(options_.path); }
  void cancel() override { client_->cancel(); }

 private:
  const HdfsPlaceOptions options_;
  const std::string parent_;
  const std::unique_ptr<HttpClient> client_;
  const std::unique_ptr<KerberosLogin> login_;
  WebHdfs hdfs_;
};

}  // namespace

MarkerCheck hdfs_verdict(const WebHdfs::Sight& sight, const std::string& parent) {
  switch (sight.path.word) {
    case HdfsWord::kFile:
    case HdfsWord::kDirectory:
      return {MarkerVerdict::kExists};
    case HdfsWord::kMissing:
      if (sight.parent.word == HdfsWord::kDirectory) return {MarkerVerdict::kGone};
      return {MarkerVerdict::kUnknown,
              "its directory " + parent +
                  (sight.parent.word == HdfsWord::kFile ? " is a file" : " is not there")};
    case HdfsWord::kDone:
    case HdfsWord::kNothing:
    case HdfsWord::kUnknown:
      break;
  }
  return {MarkerVerdict::kUnknown, sight.path.why};
}

std::unique_ptr<MarkerPlace> make_hdfs_place(HdfsPlaceOptions options,
                                             std::unique_ptr<HttpClient> client,
                                             std::unique_ptr<KerberosLogin> login,
                                             const Clock& clock) {
  return std::make_unique<HdfsPlace>(std::move(options), std::move(client), std::move(login),
                                     clock);
}

}  // namespace weir
