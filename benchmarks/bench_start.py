"""How soon the library and its command line are there: beside MLflow, and beside Python alone.

python benchmarks/bench_start.py [--tries 9]
"""

import argparse
import subprocess
import sys
from functools import partial

from peers import run_peer
from tables import Line, show
from timing import seconds


def start(*arguments: str, tries: int) -> float:
    """Seconds that a new process of our Python takes: the median, after one that fills the caches."""
    command = partial(subprocess.run, [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    command()
    return seconds(command, tries)


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=9, help="of which the median is told")
    tries = parser.parse_args().tries
    peer = run_peer("peer_start_mlflow.py", str(tries), packages=("mlflow", "pymysql"), environment="peer_mlflow")
    python = start("-c", "pass", tries=tries)
    ours = start("-c", "import enstorage", tries=tries)
    told = start("-m", "enstorage", "--help", tries=tries)
    commands = start("-c", "import typer.rich_utils, rich.markdown", tries=tries)
    show(
        f"Starting, beside MLflow {peer['version']}",
        [
            Line("import the library", "s", ours - python, peer["import"] - peer["python"], goal="< 0.3 s"),
            Line("print the help of the commands", "s", told, peer["help"], commands),
        ],
        [
            f"A process each time, the median of {tries}, with its files in memory. Of an import, what it adds.",
            "Bare: a process that imports Typer and what it draws its help with, and prints nothing.",
        ],
    )


if __name__ == "__main__":
    main()
