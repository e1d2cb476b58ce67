"""Starting time of the library and its command line, beside MLflow and beside Python alone.

python benchmarks/bench_start.py [--tries 9]
"""

import argparse

from peers import run_peer
from tables import Line, show
from timing import seconds_of_python


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=9, help="runs of each; the median is shown")
    tries = parser.parse_args().tries
    peer = run_peer("peer_start_mlflow.py", str(tries), packages=("mlflow", "pymysql"), environment="peer_mlflow")
    python = seconds_of_python("-c", "pass", repeat=tries)
    ours = seconds_of_python("-c", "import enstorage", repeat=tries)
    help_seconds = seconds_of_python("-m", "enstorage", "--help", repeat=tries)
    commands = seconds_of_python("-c", "import typer.rich_utils, rich.markdown", repeat=tries)
    show(
        f"Starting, beside MLflow {peer['version']}",
        [
            Line("import the library", "s", ours - python, peer["import"] - peer["python"], goal="< 0.3 s"),
            Line("print the help of the commands", "s", help_seconds, peer["help"], commands),
        ],
        [
            f"A process each time, the median of {tries}, with its files in memory. Of an import, what it adds.",
            "Bare: a process that imports Typer and what it draws its help with, and prints nothing.",
        ],
    )


if __name__ == "__main__":
    main()
