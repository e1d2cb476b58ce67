"""The remark on a model whose quantile forecasts crossed and were sorted."""

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enstorage.entity.model import Model

#: The fact: for each part the number of targets whose quantiles were sorted.
SORTED_QUANTILES = "sorted_quantiles"


def note_sorted_quantiles(model: "Model", part: str, targets: int) -> None:
    """Record and warn that quantiles of a part were sorted; none of a part deletes an earlier remark on it.

    Args:
        model: whose forecasts they are.
        part: `train`, `valid`, `test` or `out_of_fold`.
        targets: number of targets whose quantiles crossed.
    """
    known: dict[str, int] = model.meta(SORTED_QUANTILES, default={})
    others = {name: count for name, count in known.items() if name != part}
    now = others | ({part: targets} if targets else {})
    if now != known:
        model.meta(SORTED_QUANTILES, now)
    if targets:
        warnings.warn(
            f"The quantiles of {targets} targets of the part {part!r} of {model} crossed: a lower level had the higher "
            "value. They were sorted. Check the model that made them.",
            stacklevel=3,
        )
