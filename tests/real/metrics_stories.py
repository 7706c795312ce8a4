#!/usr/bin/env python3
"""What Prometheus scrapes, and the alert rules and the dashboard that are shipped for it. No Kafka.

  metrics_stories.py [STORY...]"""

import json
import os
import re
import signal

import exposition
from api_site import ApiSite, ask_process
from cluster import ROOT
from daemon_stories import until
from harness import check, tell


class MetricsSite(ApiSite):
    """Jobs that run, failed, halted, and are invalid, and markers that cannot be looked at."""

    def __init__(self):
        super().__init__()
        (self.root / "m").mkdir()
        self.config.write_text(self.config.read_text() + "stop: { marker: { path: m/daemon, check_every: 100ms } }\n")
        marker = f"stop: {{ marker: {{ path: {self.root}/m/runs, check_every: 100ms }} }}\n"
        self.job("runs", source="generate: { every: 10ms }", more=marker)
        self.job("also-runs")
        self.job("fails", more="restart: { max_attempts: 1 }\n")
        self.job("halts", more=f"stop: {{ marker: {{ path: {self.root}/m/none, at_start: require, check_every: 100ms }} }}\n")
        for name in ("wrong", "wrong-too"):  # one job by two files, and no file of a job
            (self.root / f"jobs.d/{name}.yaml").write_text("version: 1\njob: wrong\nsorces: {}\n")

    def start(self, *words):
        super().start(*words)
        os.kill(self.wait_state("fails", "running")["pid"], 9)
        for name, state in (("fails", "failed"), ("halts", "halted"), ("runs", "running"), ("also-runs", "running")):
            self.wait_state(name, state)
        (self.root / "m").rename(self.root / "elsewhere")

    def metrics(self):
        return exposition.read(self.ask("GET", "/metrics")[2])

    def value(self, name, **labels):
        metric = self.metrics().get(name)
        return metric and metric.samples.get(tuple(sorted(labels.items())))


def metrics_of_every_state():
    """/metrics is what Prometheus reads, whatever states jobs are in; FAILED, HALT and a marker that cannot be seen are in it."""
    with MetricsSite() as site:
        site.start()
        for name, labels in (("weir_marker_unknown_total", {"job": "runs"}), ("weir_daemon_marker_unknown_total", {})):
            until(f"{name} counts", lambda: (site.value(name, **labels) or 0) > 1)
        until("rows are counted", lambda: (site.value("weir_output_rows_total", job="runs") or 0) > 0)
        for name, labels, value in (("weir_job_state", {"job": "fails", "state": "failed"}, 1),
                                    ("weir_job_state", {"job": "halts", "state": "halted"}, 1),
                                    ("weir_job_state", {"job": "runs", "state": "running"}, 1),
                                    ("weir_job_state", {"job": "wrong", "state": "invalid"}, 1),
                                    ("weir_halt", {"job": "halts", "cause": "configuration"}, 1),
                                    ("weir_job_failures", {"job": "fails"}, 1),
                                    ("weir_job_up", {"job": "runs"}, 1), ("weir_job_up", {"job": "fails"}, None)):
            check(site.value(name, **labels) == value, f"{name} {labels}: {site.value(name, **labels)}, not {value}")
        metrics = site.metrics()
        for name, metric in metrics.items():
            check(name.startswith("weir_daemon") or all(dict(series).get("job") for series in metric.samples),
                  f"{name} has a series without a job")
        own = exposition.read(ask_process(site.root / "run/jobs/runs.sock", "GET", "/metrics")[2])
        check(own.keys() <= metrics.keys(), f"the daemon leaves out {own.keys() - metrics.keys()}")
        # A process that hangs: its series are gone, and that it is so is told.
        os.kill(site.pid("runs"), signal.SIGSTOP)
        check(site.value("weir_job_up", job="runs") == 0, "it does not answer")
        check(site.value("weir_job_up", job="also-runs") == 1, "the others do")
        os.kill(site.pid("runs"), signal.SIGCONT)
        (site.root / "elsewhere").rename(site.root / "m")
        check(site.end() == 0, "exit")


def expressions_of_alerts():
    """The `expr` of every rule, which has a severity, a summary and a description as well."""
    text = (ROOT / "packaging/prometheus/weir-alerts.yaml").read_text()
    found = {}
    for rule in text.split("- alert: ")[1:]:
        name = rule.split("\n")[0]
        parts = dict(re.findall(r"^ +(expr|labels|summary|description): (\S.*)$", rule, re.M))
        check(parts.keys() == {"expr", "labels", "summary", "description"}, f"{name} lacks something: {parts.keys()}")
        check(re.search(r"severity: (critical|warning)\b", parts["labels"]), f"{name}: {parts['labels']}")
        check(name not in found, f"{name} is there twice")
        found[name] = parts["expr"]
    return found


def expressions_of_dashboard():
    """The expression of every panel of it, and of its variables."""
    dashboard = json.loads((ROOT / "packaging/grafana/weir.json").read_text())
    found = {f"{panel['title']} {target['refId']}": target["expr"] for panel in dashboard["panels"] for target in panel["targets"]}
    found |= {each["name"]: each["definition"] for each in dashboard["templating"]["list"] if each["type"] == "query"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    check(len(set(ids)) == len(ids), "a panel's id twice")
    return found


def shipped_rules_know_metrics():
    """Each metric and label that the shipped alert rules and dashboard ask for is in a real answer."""
    with MetricsSite() as site:
        site.start()
        until("an epoch with rows", lambda: (site.value("weir_output_rows_total", job="runs") or 0) > 0)
        metrics = site.metrics()
        labels = {name: {label for series in metric.samples for label, _ in series} for name, metric in metrics.items()}
        # Only a source that knows the ends of its logs has it: Kafka.
        check('"weir_lag_records"' in (ROOT / "src/api/job_api.cc").read_text(), "weir_lag_records")
        labels["weir_lag_records"] = {"job"}
        known_kinds = {name: metric.kind for name, metric in metrics.items()} | {"weir_lag_records": "gauge"}
        alerts, panels = expressions_of_alerts(), expressions_of_dashboard()
        check(len(alerts) > 10 and len(panels) > 10, f"{len(alerts)} alerts, {len(panels)} panels")
        check(next(iter(alerts.values())).startswith("weir_commit_age_seconds"), "the one that matters stands first")
        for where, expression in (alerts | panels).items():
            used = re.findall(r"(weir_\w+)(?:\{([^}]*)\})?(\[)?", expression)
            check(used, f"{where}: no metric in {expression}")
            for name, selector, is_range in used:
                check(name in labels, f"{where}: there is no {name}")
                asked = set(re.findall(r"(\w+)\s*=", selector))
                check(asked <= labels[name], f"{where}: {name} has no label {asked - labels[name]}")
                counted = re.search(rf"(rate|increase)\({name}", expression) is not None
                check(counted == (known_kinds[name] == "counter"), f"{where}: {name} is a {known_kinds[name]}")
                check(not counted or is_range, f"{where}: {name} needs a range")
        texts = (ROOT / "packaging/prometheus/weir-alerts.yaml").read_text()
        for label in set(re.findall(r"\$labels\.(\w+)", texts)):
            check(label in ("job", "cause"), f"no metric of the alerts has a label {label}")
        # Every metric but a few is watched, or shown.
        unused = metrics.keys() - set(re.findall(r"weir_\w+", str(alerts | panels))) - {"weir_epoch"}
        check(not unused, f"nothing shows {unused}")
        (site.root / "elsewhere").rename(site.root / "m")
        check(site.end() == 0, "exit")


if __name__ == "__main__":
    tell([metrics_of_every_state, shipped_rules_know_metrics])
