"""The closing lines of the demonstration."""

from pathlib import Path
from typing import Any

from enmyadmin.demo.result import ExperimentResult
from enmyadmin.output import print_line, print_table


def print_closing_lines(result: ExperimentResult, report: Path, metrics: Path) -> None:
    """Print the errors, the comparison of ensemble and members, and the paths of the report and the figures."""
    rows: list[list[Any]] = [
        *[[item.name, item.mse, item.rmse, item.mse_scaled, item.weight] for item in result.members],
        ["ensemble", result.ensemble.mse, result.ensemble.rmse, result.ensemble.mse_scaled, None],
        *[[item.name, item.mse, item.rmse, item.mse_scaled, None] for item in result.baselines],
    ]
    print_table(["test part", "MSE", "RMSE", "MSE scaled", "weight"], rows)
    below = "lies below" if result.below_every_member else "does NOT lie below"
    print_line(
        f"{result.test_rows} test rows of {result.common_rows} common ones. The ensemble's MSE {below} that of every member"
        f" (seed 0)."
    )
    if result.filled_rows:
        print_line(f"{result.filled_rows} of {len(result.values)} rows had no value and were given the last known one.")
    for baseline in result.better_baselines:
        print_line(f"The baseline {baseline.name} is better than the ensemble.")
    if len(result.seeds) > 1:
        print_line(f"It lies below every member for {result.seeds_below} of {len(result.seeds)} seeds.")
    print_line(f"Report: {report}")
    print_line(f"Figures: {metrics}")
    print_line(f"Store: {result.store}")
    print_line(f"{result.seconds:.1f} s in all")
