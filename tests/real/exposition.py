"""Prometheus' text format 0.0.4, as `promtool check metrics` reads it, and as weir promises it: HELP and TYPE once
each before their samples, samples of one metric together, no series twice, counters and no others named _total."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")


class Metric:
    def __init__(self, kind):
        self.kind = kind
        self.samples = {}  # by a tuple of (label, value)


def labels_of(text, line):
    labels, at = [], 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, f"labels are malformed: {line}"
        labels.append((found[1], re.sub(r"\\(.)", lambda c: "\n" if c[1] == "n" else c[1], found[2])))
        at = found.end()
        assert at == len(text) or text[at] == ",", f"labels are malformed: {line}"
        at += 1
    names = [name for name, _ in labels]
    assert len(set(names)) == len(names), f"a label twice: {line}"
    assert not any(name.startswith("__") for name in names), f"a reserved label: {line}"
    return tuple(labels)


def read(text):
    """Metrics by name; an AssertionError says what is wrong."""
    assert text.endswith("\n"), "the last line has no end"
    metrics, helps, current = {}, set(), None
    for line in text.splitlines():
        head = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        if head and head[1] == "HELP":
            assert head[2] not in helps, f"HELP twice: {line}"
            helps.add(head[2])
            continue
        if head:
            assert head[2] in helps and head[2] not in metrics, f"TYPE twice, or without HELP before it: {line}"
            assert head[3] in ("counter", "gauge"), line
            assert (head[3] == "counter") == head[2].endswith("_total"), f"named as another kind: {line}"
            metrics[head[2]] = current = Metric(head[3])
            current.name = head[2]
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, f"no sample: {line}"
        assert current and sample[1] == current.name, f"a sample away from its TYPE: {line}"
        series = tuple(sorted(labels_of(sample[2] or "", line)))
        assert series not in current.samples, f"a series twice: {line}"
        current.samples[series] = float(sample[3])
        assert current.kind != "counter" or current.samples[series] >= 0, f"a counter below 0: {line}"
    for name, metric in metrics.items():
        assert metric.samples, f"{name} has no sample"
    return metrics
