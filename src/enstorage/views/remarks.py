"""Remarks on an ensemble, in sentences: what too few rows did not allow, and how it was selected."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble
    from enstorage.entity.ensemble_search import EnsembleSearch


def remarks_of(ensemble: "Ensemble") -> list[str]:
    """See `Ensemble.remarks`."""
    own = [] if ensemble.result is None else list(ensemble.rendered_result().remarks)
    if ensemble.formed is None:
        return own
    search = ensemble.search()
    return [*search.remarks, *_preference(search), *own]


def _preference(search: "EnsembleSearch") -> list[str]:
    found = search.comparison
    if found is None:
        return []
    blocks = f"{found.blocks} block{'' if found.blocks == 1 else 's'} of rows"
    error = f"standard error {found.standard_error:.2g}" if found.blocks > 1 else "standard error not known"
    lower = f"is lower by {found.difference:.4g} ({error}, {blocks})"
    if found.is_clear:
        return [f"It was preferred to means and medians of members: its mean {search.metric} {lower}."]
    return [f"A mean or median of members was preferred: the mean {search.metric} of the best trial {lower}."]
