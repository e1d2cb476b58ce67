"""The work of bench_start.py, done by MLflow: python peer_start_mlflow.py TRIES."""

import json
import sys
from importlib.metadata import version

from timing import seconds_of_python

WORK = {"python": ("-c", "pass"), "import": ("-c", "import mlflow"), "help": ("-m", "mlflow", "--help")}
taken = {name: seconds_of_python(*arguments, repeat=int(sys.argv[1])) for name, arguments in WORK.items()}
print(json.dumps({"version": version("mlflow"), **taken}))
