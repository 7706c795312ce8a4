"""What many small jobs under one daemon cost, and how long a person waits for them. Used by scripts/bench fleet."""

import os
import sys
import time

import idle

# Of 200 jobs: the most it may be, and the goal.
BUDGETS = {
    "start until all run, s": (60, ""),
    "starting at once": (8, ""),
    "PSS MB": (5 * 1024, 3 * 1024),
    "CPU % of a core": (20, 5),
    "stop all, s": (60, ""),
}
RELOADED = 10
SETTLE_SECONDS = 30  # the last epochs, and what the allocators give back after them


def measure(root, weir, cluster_folder, brokers, count, seconds):
    """Prints a table; ends with an error where a deed of fleet.py has another outcome."""
    os.environ["WEIR"] = str(weir)
    sys.path.insert(0, str(root / "tests/real"))
    from cluster import Cluster
    from fleet import Fleet
    print(f"making {2 * count} topics", file=sys.stderr)
    with Fleet(Cluster(brokers, cluster_folder), count) as site:
        figures = {"start until all run, s": site.start_all(300)}
        figures["starting at once"] = site.starting_seen
        print(f"all run after {figures['start until all run, s']:.1f} s", file=sys.stderr)
        site.pass_records(site.names, [0, 1], expected=[0, 1])
        time.sleep(SETTLE_SECONDS)
        pids = site.pids().values()
        figures |= idle.measure([site.daemon.pid, *pids], seconds)
        daemon = idle.measure([site.daemon.pid], 10)
        figures |= {f"of it the daemon's {name}": daemon[name] for name in ("PSS MB", "CPU % of a core", "threads")}
        figures[f"reload of {RELOADED} changed files, s"] = site.reload(site.names[:RELOADED], 120)
        figures["stop of one, s"] = site.stop_one(site.names[-1])
        figures["stop all, s"] = site.stop_all(120)
    print(idle.table(f"{count} idle jobs and their daemon, over {seconds:.0f} s", figures, BUDGETS))
