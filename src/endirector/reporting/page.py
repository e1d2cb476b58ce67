"""Common parts of report pages: one style sheet, templates, and the display of pictures and periods.

A page is one file: styles and pictures are inside, it loads nothing and runs no script. It follows the reader's light or
dark theme, fits a telephone and prints.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.reporting.language import current_language, sentence, text, text_form, word
from enstorage.errors import MissingLibraryError


def render_page(package: str, template: str, **values: Any) -> str:
    """Fill in a template; values are escaped, and an undefined name is an error.

    Args:
        package: the package that contains the template.
        template: its file name.
        values: its content, by name. The template also has `style`, the style sheet of all pages; the `language`; `t`, a
            text in it, whose values are escaped; `code`; and the filters `number`, `percent` (of a share, without its
            sign), `percentage` (with it), `word` and `marked` (words in the language), and `translated` (a sentence of the
            library).

    Raises:
        MissingLibraryError: Jinja or Matplotlib is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingLibraryError(
            'The report needs Jinja, which is not installed. Run: pip install "enstorage[ensemble]"'
        ) from error
    from endirector.reporting.plots import same_precision

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: same_precision([value])[0]
    environment.filters["percent"] = lambda share: f"{abs(share):.1%}"
    environment.filters["percentage"] = lambda value: f"{value:+.1f}%".replace("-", "−")
    environment.filters |= {"word": word, "marked": _marked, "translated": sentence}

    def escaping(english: str, /, **given: Any) -> Markup:
        return Markup(text_form(english, given.get("n"))).format(**given)  # noqa: S704 - texts are our own, values are escaped

    environment.globals |= {
        "t": escaping,
        "code": lambda value: Markup("<code>{}</code>").format(value),
        "language": current_language(),
    }
    style = Markup(files("endirector").joinpath("page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return environment.from_string(files(package).joinpath(template).read_text(encoding="utf-8")).render(
        style=style, **values
    )


def _marked(mark: str) -> str:
    """A mark such as `held-out, claimed` in the language of the page."""
    return ", ".join(map(word, mark.split(", ")))


def at_two_widths(plot: Callable[..., str]) -> str:
    """A picture as markup for wide and for narrow screens: text keeps its size only at the drawn width."""
    from markupsafe import Markup

    wide, narrow = plot(width=9.0), plot(width=4.2)
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')  # noqa: S704 - the plots escape


def squared(unit: str) -> str:
    """The unit of a squared error; empty if the error has no unit."""
    if not unit:
        return ""
    return f"{unit}²" if unit.isalpha() else f"({unit})²"


def period(times_ns: NDArray[np.int64] | NDArray[np.float64]) -> str:
    """The first and the last time, at the resolution of the distances between times; floats are of an integer axis."""
    if np.asarray(times_ns).dtype.kind == "f":
        return text("{first} to {last}", first=f"{times_ns[0]:.0f}", last=f"{times_ns[-1]:.0f}")
    times = np.asarray(times_ns, dtype=np.int64).astype("datetime64[ns]")
    step = np.median(np.diff(times)) if len(times) > 1 else np.timedelta64(1, "D")
    finest = next((unit for unit, days in (("Y", 365), ("M", 28), ("D", 1)) if step >= np.timedelta64(days, "D")), "s")
    first, last = np.datetime_as_string(times[[0, -1]].astype(f"datetime64[{finest}]"))
    return f"{first}–{last}" if finest == "Y" else text("{first} to {last}", first=first, last=last)
