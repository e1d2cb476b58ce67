"""What bench_start.py does, done by MLflow: python peer_start_mlflow.py TRIES."""

import json
import subprocess
import sys
from functools import partial
from importlib.metadata import version

from timing import seconds


def start(*arguments):
    command = partial(subprocess.run, [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    command()
    return seconds(command, int(sys.argv[1]))


result = {"version": version("mlflow"), "python": start("-c", "pass"), "import": start("-c", "import mlflow")}
print(json.dumps({**result, "help": start("-m", "mlflow", "--help")}))
