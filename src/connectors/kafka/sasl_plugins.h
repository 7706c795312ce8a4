#pragma once

namespace weir::kafka {

/// Has the SASL library load no plugin when librdkafka begins, which wants them for Kerberos alone
/// and loads all that are installed: a database among them, half a megabyte in each process. To be
/// called before the process's first client, and only when no cluster of it is logged in to by
/// Kerberos. Thread: any.
void skip_sasl_plugins();

}  // namespace weir::kafka
