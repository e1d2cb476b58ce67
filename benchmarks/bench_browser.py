"""The pages in a browser: first rows of very many models, and the zoom of a chart of a million points.

python benchmarks/bench_browser.py [--models 100000] [--facts 20] [--store FOLDER]; needs Chromium, and `make web`.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from enstorage import Connector
from tables import Line, show
from web_data import fill

TRIES = 5
#: Milliseconds from the start of the navigation until the first row of records is in the page.
ROWS = """() => new Promise((done) => {
  const look = () => document.querySelector("tbody tr a") ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
#: Milliseconds from a click on a button of the chart until its text tells another number of rows, and that is painted.
ZOOM = """(button) => new Promise((done) => {
  const rows = () => /course of ([\\d,]+) rows/.exec(document.querySelector("figure").innerText)?.[1];
  const before = rows();
  const began = performance.now();
  const look = () => rows() && rows() !== before
    ? requestAnimationFrame(() => done(performance.now() - began))
    : requestAnimationFrame(look);
  document.querySelector(`figure [aria-label="${button}"]`).click();
  look();
})"""


def first_rows(page: Page, address: str) -> float:
    """Median time until a page shows its first row, in ms; the files of the client are in the cache of the browser."""
    times = []
    for _ in range(TRIES + 1):
        page.goto(address, wait_until="commit")
        times.append(page.evaluate(ROWS))
    return statistics.median(times[1:])


def zoom(page: Page, address: str) -> float:
    """Median time of a zoom, in ms."""
    page.goto(address)
    page.get_by_role("figure").filter(has_text="1,000,000").wait_for()
    times = []
    for _ in range(TRIES):
        times += [page.evaluate(ZOOM, button) for button in ("Zoom in", "Zoom out")]
    return statistics.median(times)


def main() -> None:
    """Fill a store, serve it, look at it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100_000)
    parser.add_argument("--facts", type=int, default=20, help="of each model")
    parser.add_argument("--store", type=Path, help="a folder that is filled if it is new, and kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.store or Path(temporary) / "store"
        if not folder.exists():
            with Connector.in_folder(folder) as connector:
                fill(connector, given.models, given.facts)
        command = [sys.executable, "-m", "enstorage", "serve", "--port", "0", "--store", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as browsers:
            try:
                link = "http://" + server.stdout.readline().split("http://", 1)[1].strip()
                origin = link.partition("/?")[0]
                chromium = browsers.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = chromium.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
                page.goto(link)
                page.wait_for_selector("h1")
                lines = [
                    Line("first rows of the models", "ms", first_rows(page, f"{origin}/models"), goal="< 1,000 ms"),
                    Line(
                        "the same by a fact",
                        "ms",
                        first_rows(page, f"{origin}/models?order_by=meta.metric0"),
                        goal="< 1,000 ms",
                    ),
                    Line("zoom of a million points", "ms", zoom(page, f"{origin}/data-sources/1"), goal="< 200 ms"),
                ]
            finally:
                server.terminate()
    show(
        f"The client in Chromium over {given.models:,} models with {given.facts} facts each",
        lines,
        ["Server, browser and this program share the cores.", "The models were written by SQL."],
    )


if __name__ == "__main__":
    main()
