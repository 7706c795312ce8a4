#pragma once

namespace weir {

/// Settings of jemalloc, for a program that links it: it reads them from a variable of this name,
///
///   const char* malloc_conf = weir::kAllocatorSettings;
///
/// outside of any namespace. MALLOC_CONF in the environment overrides them.
///
/// background_thread: without it memory is only given back by threads that go on allocating, and
/// those of an idle job do not: it kept 13 MB in place of 6. One is enough, and it sleeps while
/// there is nothing to give back, 10 s after the last use.
/// narenas: 8 on two cores took 2 MB more and were no faster; a job with dozens of busy workers may
/// want more than 4.
constexpr char kAllocatorSettings[] = "background_thread:true,max_background_threads:1,narenas:4";

}  // namespace weir
