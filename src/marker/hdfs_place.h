#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "marker/place.h"
#include "net/webhdfs.h"

namespace weir {

/// Pure.
MarkerCheck hdfs_verdict(const WebHdfs::Sight& sight, const std::string& parent);

struct HdfsPlaceOptions {
  std::string name;        ///< as the job file has it
  std::string path;        ///< absolute
  bool directory = false;  ///< made as one: one request and no DataNode; either is taken for it
  WebHdfsOptions hdfs;
};

/// A marker in HDFS. `clock` outlives it; `login` is null without Kerberos.
std::unique_ptr<MarkerPlace> make_hdfs_place(HdfsPlaceOptions options,
                                             std::unique_ptr<HttpClient> client,
                                             std::unique_ptr<KerberosLogin> login,
                                             const Clock& clock);

}  // namespace weir
