#!/usr/bin/env python3
"""The package on an untouched Debian 12 with a real systemd, in namespaces of this machine: scripts/test-package says
how. Each step prints what it saw.

  package_test.py DEB NEXT_DEB [--rounds N]

NEXT_DEB is the same with a later version. The jobs make numbers and write files, so that nothing but the package is
needed; every number is there once, whatever was killed."""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYER = "package"


def check(fact, what):
    if not fact:
        sys.exit(f"FAILED: {what}")


def until(what, fact, seconds=30):
    deadline = time.monotonic() + seconds
    while not (value := fact()):
        check(time.monotonic() < deadline, f"after {seconds} s not yet: {what}")
        time.sleep(0.05)
    return value


def systemd_below(pid):
    """The child that is systemd by now; before it there are those of the script that makes the namespaces."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return next((int(child) for child in children
                     if pathlib.Path(f"/proc/{child}/comm").read_text() == "systemd\n"), None)
    except OSError:
        return None


class Machine:
    """A Debian with a systemd. What is written to it stays over poweroff() and boot()."""

    def __init__(self, packages):
        self.packages = packages
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def install_systemd(self):
        self.outside("apt-get update -qq && apt-get install -y -qq --no-install-recommends "
                     "systemd systemd-sysv dbus man-db >/dev/null 2>&1", fresh=True)

    def outside(self, command, fresh=False):
        """Where nothing runs yet."""
        done = subprocess.run([ROOT / "scripts/debian-root", *(["--fresh"] if fresh else []), LAYER, "sh", "-c", command],
                              capture_output=True, text=True, timeout=600)
        check(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")

    def boot(self):
        self.process = subprocess.Popen([ROOT / "scripts/debian-root", "--bind", self.packages, LAYER, "--systemd"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.init = until("systemd begins", lambda: systemd_below(self.process.pid))
        until("systemd runs", lambda: self.run("systemctl is-system-running", code=None).strip() in ("running", "degraded"), 60)

    def poweroff(self):
        self.run("systemctl poweroff", code=None)
        self.process.wait(120)

    def run(self, command, code=0, **environment):
        """A command of root's there: what it says."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-p", "-C", "-r", "-w", "env", "-i",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8",
             *(f"{name}={value}" for name, value in environment.items()), "bash", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
        check(code is None or done.returncode == code, f"{command}: exit {done.returncode}: {done.stdout}")
        return done.stdout

    def file(self, path):
        return pathlib.Path(f"/proc/{self.init}/root") / path.lstrip("/")

    def write(self, path, text):
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_text(text)

    def unit(self, *names, unit="weir.service"):
        """Properties of the unit."""
        found = dict(line.split("=", 1) for line in
                     self.run(f"systemctl show {unit} -p {','.join(names)}").splitlines())
        return found[names[0]] if len(names) == 1 else found

    def jobs(self):
        text = self.run("weir ps --json", code=None)
        return {job["name"]: job for job in json.loads(text)["jobs"]} if text.startswith("{") else {}

    def wait_running(self, *names, other_than=()):
        """The processes of these jobs."""
        def pids():
            jobs = self.jobs()
            there = [jobs[name]["pid"] for name in names if name in jobs and jobs[name]["state"] == "running"]
            return len(there) == len(names) and not set(there) & set(other_than) and there
        return until(f"{names} run: {self.run('weir ps', code=None)}", pids, 60)

    def job(self, name, directory="jobs.d", more=""):
        self.write(f"/etc/weir/{directory}/{name}.yaml",
                   f"version: 1\njob: {name}\nsources: {{ n: {{ generate: {{ every: 20ms }} }} }}\n"
                   f"sinks: {{ out: {{ file: {{ path: /srv/out/{name} }}, format: json }} }}\n"
                   f"delivery: {{ commit: {{ every: 100ms }} }}\n{more}")

    def rows(self, name):
        numbers = []
        for part in sorted(self.file(f"/srv/out/{name}").glob("*.ndjson")):
            if not part.name.startswith("."):
                numbers += [json.loads(line)["i"] for line in part.read_text().splitlines()]
        check(numbers == list(range(len(numbers))), f"{name} lost or doubled a row, near {numbers[-20:]}")
        return len(numbers)

    def wait_rows(self, name, count):
        until(f"{count} rows of {name}", lambda: self.rows(name) >= count)

    def goes_on(self, *names):
        """Each job writes, and nothing is missing or there twice."""
        for name in names:
            self.wait_rows(name, self.rows(name) + 10)

    def is_alive(self, pid):
        return self.file(f"/proc/{pid}/stat").exists()


def say(what):
    print(f"{time.monotonic() - BEGAN:6.1f} s  {what}", flush=True)


def install(at, package):
    out = at.run(f"apt-get install -y -qq --no-install-recommends /mnt/{package.name}")
    check("weir" in at.run("getent passwd weir"), "there is no user weir")
    check(at.unit("UnitFileState") == "enabled", "the unit is not enabled")
    check(at.unit("ActiveState") == "inactive", "the unit was started")
    said = at.run("weir ps", code=1)
    check("no daemon" in said or "daemon" in said, said)
    check(at.run("weir check /etc/weir/weir.yaml").strip() == "1 file in order", "weir.yaml of the package")
    verified = at.run("systemd-analyze verify /lib/systemd/system/weir.service /lib/systemd/system/weir@.service")
    ours = [line for line in verified.splitlines() if "weir" in line]
    check(not ours, f"systemd-analyze verify: {ours}")
    for unit in ("weir.service", "weir@x.service"):
        score = float(re.search(r"exposure level for \S+: ([\d.]+)", at.run(f"systemd-analyze security {unit}"))[1])
        check(score < 3.0, f"{unit} is exposed by {score}")
        say(f"systemd-analyze security {unit}: {score}")
    check("weir daemon" in at.run("man weir | cat"), "the page")
    check("late-departures" not in out, out)


def start(at):
    at.run("install -d -o weir -g weir /srv/out")
    at.write("/etc/systemd/system/weir.service.d/test.conf",
             "[Service]\nReadWritePaths=/srv/out\nWatchdogSec=4s\nTimeoutStopSec=4s\n")
    at.run("systemctl daemon-reload")
    at.job("a")
    at.job("b")
    at.run("systemctl start weir")
    at.wait_running("a", "b")
    at.goes_on("a", "b")
    until("the status text", lambda: at.unit("StatusText") == "2 jobs: 2 running")
    check(at.run("stat -c %U:%a /run/weir/weir.sock").strip() == "weir:600", "the socket is the daemon's user's")
    check(at.run("ps -o user= -C weir 2>/dev/null || stat -c %U /proc/" + at.unit("MainPID")).split()[0] == "weir", "root runs it")
    check("job=a" in at.run("weir logs a"), "weir logs")
    check("weir_job_up" in at.run("exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n"
                                  "Connection: close\\r\\n\\r\\n' >&3; cat <&3"), "/metrics")
    kept = at.run("weir ps --json")
    say(f"limits: {json.loads(kept)['limitsNotKept'] or 'kept'}")


def reload(at):
    before = at.wait_running("a", "b")
    at.job("c")
    at.run("systemctl reload weir")
    at.wait_running("c")
    check(at.wait_running("a", "b") == before, "a reload restarted what had not changed")
    at.goes_on("c")
    at.file("/etc/weir/jobs.d/c.yaml").unlink()
    at.run("systemctl reload weir")
    until("c is gone", lambda: "c" not in at.jobs())
    at.rows("c")


def kill_job(at):
    (pid,) = at.wait_running("a")
    at.run(f"kill -9 {pid}")
    at.wait_running("a", other_than=[pid])
    at.goes_on("a", "b")


def kill_daemon(at, how="kill -9", seconds=60):
    restarts = int(at.unit("NRestarts"))
    before = at.wait_running("a", "b")
    at.run(f"{how} {at.unit('MainPID')}")
    until("systemd starts it again", lambda: int(at.unit("NRestarts")) > restarts, seconds)
    at.wait_running("a", "b", other_than=before)
    check(not any(at.is_alive(pid) for pid in before), "a process of before runs unwatched")
    at.goes_on("a", "b")


def wrong_configuration(at):
    good = at.file("/etc/weir/weir.yaml").read_text()
    at.write("/etc/weir/weir.yaml", good + "nonsense: 1\n")
    at.run("systemctl restart weir", code=1)
    facts = at.unit("ActiveState", "ExecMainStatus", "NRestarts")
    check(facts == {"ActiveState": "failed", "ExecMainStatus": "78", "NRestarts": "0"}, facts)
    check('unknown field "nonsense"' in at.run("journalctl -u weir --no-pager -n 20"), "the journal says why")
    at.write("/etc/weir/weir.yaml", good)
    at.run("systemctl reset-failed weir; systemctl start weir")
    at.goes_on("a", "b")


def stop_while_draining(at):
    """A job that does not end keeps systemd waiting beyond TimeoutStopSec; none is killed."""
    (pid,) = at.wait_running("a")
    at.run(f"kill -STOP {pid}")
    at.run("systemctl stop --no-block weir")
    began = time.monotonic()
    until("it stops", lambda: at.unit("ActiveState") == "deactivating")
    time.sleep(7)  # longer than TimeoutStopSec: that nothing happens meanwhile has no other sign
    check(at.unit("ActiveState") == "deactivating", "systemd did not wait for a job")
    at.run(f"kill -CONT {pid}")
    until("it has stopped", lambda: at.unit("ActiveState") == "inactive", 60)
    check(at.unit("Result") == "success", at.unit("Result"))
    check(not at.is_alive(pid), "the job runs on")
    say(f"the stop took {time.monotonic() - began:.1f} s, with TimeoutStopSec=4s")
    at.rows("a"), at.rows("b")
    at.run("systemctl start weir")
    at.goes_on("a", "b")


def marker(at):
    good = at.file("/etc/weir/weir.yaml").read_text()
    at.write("/etc/weir/weir.yaml", good + "stop: { marker: { path: /run/weir/running, check_every: 1s } }\n")
    at.run("systemctl restart weir")
    at.goes_on("a")
    at.run("rm /run/weir/running")
    until("it ends", lambda: at.unit("ActiveState") == "inactive")
    check(at.unit("Result") == "success", at.unit("Result"))
    at.write("/etc/weir/weir.yaml", good)
    at.run("systemctl start weir")
    at.goes_on("a", "b")


def reboot(at):
    at.run("weir stop b")
    rows = at.rows("a")
    at.poweroff()
    at.boot()
    at.wait_running("a")
    at.wait_rows("a", rows + 10)
    check(at.jobs()["b"]["state"] == "stopped", "a job that was stopped runs after a reboot")
    at.run("weir start b")
    at.goes_on("a", "b")


def upgrade(at, package):
    before, daemon, restarts = at.wait_running("a", "b"), at.unit("MainPID"), at.unit("NRestarts")
    out = at.run(f"apt-get install -y -qq --no-install-recommends /mnt/{package.name}")
    check("weir restart --all" in out, out)
    check((at.unit("MainPID"), at.unit("NRestarts")) == (daemon, restarts), "the unit was restarted")
    check(at.wait_running("a", "b") == before, "a job was restarted")
    version = re.search(r"_(.+)_", package.name)[1]
    check(version in at.run("weir version"), "the program")
    check(version not in {job["version"] for job in at.jobs().values()}, "the jobs run the old one")
    at.goes_on("a", "b")
    at.run("weir restart --all --parallel 2")
    at.wait_running("a", "b", other_than=before)
    check({job["version"] for job in at.jobs().values()} == {version}, "the jobs run the new one")
    at.goes_on("a", "b")
    say(f"upgraded to {version}; the daemon is still process {daemon}")


def template(at):
    at.write("/etc/systemd/system/weir@.service.d/test.conf", "[Service]\nReadWritePaths=/srv/out\n")
    at.run("systemctl daemon-reload")
    at.job("solo", directory="jobs")
    at.run("systemctl start weir@solo")
    at.wait_rows("solo", 20)
    at.run("systemctl stop weir@solo")
    facts = at.unit("ActiveState", "Result", unit="weir@solo.service")
    check(facts == {"ActiveState": "inactive", "Result": "success"}, facts)
    at.rows("solo")
    at.goes_on("a")


def remove(at, package):
    at.run("apt-get remove -y -qq weir")
    check("weir" not in at.run("cat /proc/[0-9]*/comm").split(), "something runs on")
    check(at.file("/etc/weir/weir.yaml").exists(), "a removal takes the configuration")
    rows = at.rows("a")
    at.run(f"apt-get install -y -qq --no-install-recommends /mnt/{package.name}")
    at.run("systemctl start weir")
    at.wait_rows("a", rows + 10)
    out = at.run("apt-get purge -y -qq weir")
    check("is kept" in out and at.file("/var/lib/weir").exists(), out)
    check(not at.file("/etc/weir/weir.yaml").exists() and not at.file("/var/log/weir").exists(), "a purge leaves files")
    check(at.file("/etc/weir/jobs.d/a.yaml").exists(), "a person's job files were removed")
    rows = at.rows("a")
    at.run(f"apt-get install -y -qq --no-install-recommends /mnt/{package.name}")
    at.run("systemctl start weir")
    at.wait_rows("a", rows + 10)
    at.run("apt-get purge -y -qq weir", WEIR_PURGE_STATE="yes")
    check(not at.file("/var/lib/weir").exists(), "the state is there")
    at.run("getent passwd weir", code=2)
    check("weir" not in at.run("systemctl list-unit-files --no-legend"), "a unit is left")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("next", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=1, help="of what is killed")
    options = parser.parse_args()
    with Machine(options.package.parent.resolve()) as at:
        at.install_systemd()
        at.boot()
        say(at.run("systemctl --version").splitlines()[0])
        steps = [(install, options.package), (start,), (reload,)]
        for _ in range(options.rounds):
            steps += [(kill_job,), (kill_daemon,), (kill_daemon, "kill -STOP")]
        steps += [(wrong_configuration,), (stop_while_draining,), (marker,), (reboot,), (upgrade, options.next), (template,),
                  (remove, options.next)]
        for step, *arguments in steps:
            step(at, *arguments)
            say(" ".join([step.__name__, *(a for a in arguments if isinstance(a, str))]))
    print("the package is as it should be")


BEGAN = time.monotonic()
if __name__ == "__main__":
    main()
