"""What idle jobs cost: memory and CPU of processes that wait for records. Used by scripts/bench idle and fleet."""

import os
import pathlib
import re
import time

# The most it may be, and the goal.
ONE_JOB = {"RSS MB": (25, 15), "CPU % of a core": (0.2, 0.05)}


def tasks(pid):
    return list(pathlib.Path(f"/proc/{pid}/task").iterdir())


def cpu_seconds(pid):
    """Of all threads, in nanoseconds' resolution; /proc/PID/stat counts in hundredths of a second."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks(pid)) / 1e9


def memory_mb(pid):
    """Totals of smaps_rollup in MB of 1,048,576 bytes."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {
        "RSS MB": kilobytes["Rss"] / 1024,
        "PSS MB": kilobytes["Pss"] / 1024,
        "private MB": private / 1024,
        "anonymous MB": kilobytes["Anonymous"] / 1024,
        "mapped files MB": (kilobytes["Rss"] - kilobytes["Anonymous"]) / 1024,
    }


def wakeups(pid):
    """Of all threads: how often one of them gave the processor up to wait."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE).group(1))
               for task in tasks(pid))


def connections(pid):
    """Sockets of TCP that are connected."""
    connected = {line.split()[9] for name in ("tcp", "tcp6")
                 for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
                 if line.split()[3] == "01"}
    links = [os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return sum(link.startswith("socket:[") and link[8:-1] in connected for link in links)


def measure(pids, seconds):
    """Figures of the processes together over `seconds`, in which nothing happens to them."""
    began = time.monotonic()
    before = [(cpu_seconds(pid), wakeups(pid)) for pid in pids]
    time.sleep(seconds)
    passed = time.monotonic() - began
    after = [(cpu_seconds(pid), wakeups(pid)) for pid in pids]
    cpu, woken = (sum(b[i] - a[i] for a, b in zip(before, after)) for i in (0, 1))
    figures = {}
    for pid in pids:
        for name, value in memory_mb(pid).items():
            figures[name] = figures.get(name, 0) + value
    figures["CPU % of a core"] = cpu / passed * 100
    figures["wake-ups a second"] = woken / passed
    figures["threads"] = sum(len(tasks(pid)) for pid in pids)
    figures["connections"] = sum(connections(pid) for pid in pids)
    return figures


def table(title, figures, budgets):
    """The figures beside what they may be."""
    lines = [f"| {title} | is | at most | goal |", "| --- | --- | --- | --- |"]
    for name, value in figures.items():
        budget, goal = budgets.get(name, ("", ""))
        lines.append(f"| {name} | {value:,.0f} | {budget} | {goal} |" if value >= 100 else
                     f"| {name} | {value:.3g} | {budget} | {goal} |")
    return "\n".join(lines)
