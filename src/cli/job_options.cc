#include "cli/job_options.h"

#include <CLI/CLI.hpp>

namespace weir {
namespace {

std::string is_param(const std::string& param) {
  const std::size_t equals = param.find('=');
  if (equals != std::string::npos && equals > 0) return {};
  return "\"" + param + "\" is no parameter with a value, as in --param limit=90";
}

}  // namespace

void add_config_options(CLI::App& command, JobFlags& flags) {
  command
      .add_option("--config", flags.config,
                  "weir.yaml (default: $WEIR_CONFIG, else /etc/weir/weir.yaml when it is there)")
      ->type_name("FILE");
  command
      .add_option("--param", flags.params,
                  "a value for one of the job's params; may be given again")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(is_param);
}

void add_state_dir_option(CLI::App& command, JobFlags& flags) {
  command
      .add_option("--state-dir", flags.state_dir,
                  "where jobs keep their state (default: weir.yaml's, else ~/.local/state/weir)")
      ->type_name("DIR")
      ->check([](const std::string& directory) {
        return directory.empty() ? std::string("is empty; leave it out for the default")
                                 : std::string();
      });
}

void add_job_options(CLI::App& command, JobFlags& flags) {
  command.add_option("JOB", flags.job, "the job file")->required();
  add_state_dir_option(command, flags);
  add_config_options(command, flags);
}

}  // namespace weir
