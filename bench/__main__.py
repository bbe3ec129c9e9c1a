"""Every benchmark, one after the other, each with its usual arguments: `python -m bench [NAME …]`.

For other arguments run one by itself: `python -m bench.rating --help`.
"""

import runpy
import sys

BENCHES = ("rating", "ingest", "http_ingest", "pdf", "queue", "whatif")


def main() -> None:
    asked = sys.argv[1:]
    unknown = set(asked) - set(BENCHES)
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
    for name in asked or BENCHES:
        print(f"\n== {name}", flush=True)
        sys.argv = [f"bench.{name}"]
        runpy.run_module(f"bench.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
