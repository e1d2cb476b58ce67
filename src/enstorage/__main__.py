"""`python -m enstorage` runs the console script `enstorage`, found by its entry point: the store imports no front end."""

from importlib.metadata import entry_points

if __name__ == "__main__":
    (script,) = entry_points(group="console_scripts", name="enstorage")
    raise SystemExit(script.load()())
