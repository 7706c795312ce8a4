"""What an idle job costs: memory and CPU of a process that waits for records. Used by scripts/bench idle."""

import pathlib
import re
import time

# performance.md: RSS in MB, CPU in percent of one core.
BUDGETS = {"RSS MB": (25, 15), "CPU % of a core": (0.2, 0.05)}


def cpu_seconds(pid):
    """Of all threads, in nanoseconds' resolution; /proc/PID/stat counts in hundredths of a second."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mb(pid):
    """Totals of smaps_rollup in MB of 1,048,576 bytes, and the number of threads."""
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
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE).group(1))
    return total


def measure(pid, seconds):
    """Figures of the process over `seconds`, in which nothing happens to it."""
    threads = len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))
    began, cpu, woken = time.monotonic(), cpu_seconds(pid), wakeups(pid)
    time.sleep(seconds)
    passed = time.monotonic() - began
    figures = memory_mb(pid)
    figures["CPU % of a core"] = (cpu_seconds(pid) - cpu) / passed * 100
    figures["wake-ups a second"] = (wakeups(pid) - woken) / passed
    figures["threads"] = threads
    return figures


def table(figures):
    """The figures beside what they may be."""
    lines = ["| an idle job | is | at most | goal |", "| --- | --- | --- | --- |"]
    for name, value in figures.items():
        budget, goal = BUDGETS.get(name, ("", ""))
        lines.append(f"| {name} | {value:.3g} | {budget} | {goal} |")
    return "\n".join(lines)
