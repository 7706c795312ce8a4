#!/usr/bin/env python3
"""Many jobs under one daemon: what scripts/bench fleet measures with 200 of them, by its behaviour alone.

  fleet_stories.py [STORY...]"""

from cluster import shared
from fleet import Fleet
from harness import tell

JOBS = 10


def fleet():
    """Jobs start a few at a time, all pass their records; a reload and a stop touch none but theirs; SIGTERM drains all.
    While nothing comes, they take next to nothing."""
    with Fleet(shared(), JOBS) as site:
        site.start_all(60)
        site.pass_records(site.names, [0, 1], expected=[0, 1])
        site.check_rest()
        changed = site.names[:3]  # to a filter that keeps no 0
        site.reload(changed, 60)
        site.pass_records(changed, [0, 2], expected=[0, 1, 2])
        site.stop_one(site.names[-1])
        site.stop_all(60)
        site.delete_topics()


if __name__ == "__main__":
    tell([fleet])
