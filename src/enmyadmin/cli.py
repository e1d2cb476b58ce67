"""The command line. Every command imports what it needs when it is called, so that `--help` answers at once."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from enmyadmin.arguments.options import with_options
from enmyadmin.commands import (
    backup,
    bundles,
    changing,
    creating,
    ensembles,
    entities,
    forecasting,
    judging,
    models,
    points,
    preparing,
    store,
    training,
)
from enmyadmin.demo.command import demo
from enmyadmin.interruption import Interrupted, interruptible
from enmyadmin.output import Json, print_error, print_json, print_line, safe_output
from enstorage._version import __version__
from enstorage.errors import EnstorageError
from enstorage.places.masking import looks_like_url, masked

#: An unknown option, a missing argument and the like; the library has no public name for what they have in common.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class _App(typer.Typer):
    """Reports an error as one message on standard error.

    Exit status 1 is an error, 2 a command line that is wrong, 130 a command that Ctrl-C stopped.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        as_json = "--json" in sys.argv
        try:
            with safe_output():
                status = super().__call__(*arguments, prog_name="enstorage", standalone_mode=False, **options)
        except EnstorageError as error:
            _leave(1, type(error).__name__, str(error), as_json=as_json)
        except _UsageError as error:
            _leave(2, "UsageError", _usage(error, as_json=as_json), as_json=as_json)
        except Interrupted as stopped:
            _leave(130, "Interrupted", str(stopped), as_json=as_json, is_error=False)
        except typer.Abort:
            _leave(1, "Aborted", "Nothing was changed.", as_json=as_json, is_error=False)
        except BrokenPipeError:
            # The program that reads our output, such as `head`, has ended.
            sys.stderr.close()
            raise SystemExit(141) from None
        raise SystemExit(status if isinstance(status, int) else 0)


def _leave(status: int, kind: str, message: str, *, as_json: bool, is_error: bool = True) -> NoReturn:
    if message:
        print_error(kind, _without_urls(message), as_json=as_json, is_error=is_error)
    raise SystemExit(status) from None


def _without_urls(message: str) -> str:
    """The message with URLs as they may be shown, where one was given in place of a folder, a file or a name."""
    for word in sys.argv[1:]:
        for given in (word, word.partition("=")[2]):
            if looks_like_url(given):
                for text in (given, str(Path(given)), repr(given)[1:-1]):
                    message = message.replace(text, masked(given))
    return message


def _usage(error: Any, *, as_json: bool) -> str:
    """The message of a wrong command line, with the command that shows its help; empty after the help itself."""
    message = str(error.format_message())
    if not message or as_json or error.ctx is None:
        return message
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} See: {error.ctx.command_path} --help"


def version(as_json: Json = False) -> None:
    """Show the version.

    Example: enstorage version
    """
    print_json({"version": __version__}) if as_json else print_line(f"enstorage {__version__}")


#: The panels of the help, each in the order of the work.
_PANELS: dict[str, dict[str, Callable[..., None] | None]] = {
    "Data": {
        "import-csv": points.import_csv,
        "import-lines": points.import_lines,
        "export-csv": points.export_csv,
        "delete-points": points.delete_points,
        "snapshot": preparing.snapshot,
        "check-snapshots": preparing.check_snapshots,
        "prepare": preparing.prepare,
        "create": None,  # a group of commands, below
    },
    "Models": {
        "fit": training.fit,
        "tune": training.tune,
        "predict": training.predict,
        "evaluate": models.evaluate,
        "backtest": training.backtest,
        "forecast": forecasting.forecast,
        "import-model": models.import_model,
        "export-model": models.export_model,
        "tensorboard": models.tensorboard,
    },
    "Ensembles": {
        "render": ensembles.render,
        "form": ensembles.form,
        "what-if": ensembles.what_if,
        "diagnose": judging.diagnose,
        "calibrate": judging.calibrate,
        "report": judging.report,
        "verify": judging.verify,
        "remake": judging.remake,
        "demo": demo,
    },
    "Store": {
        "init": store.init,
        "info": store.info,
        "list": entities.list_entities,
        "find": entities.find,
        "show": entities.show,
        "compare": entities.compare,
        "rename": changing.rename,
        "edit": changing.edit,
        "delete": changing.delete,
        "restore": backup.restore,
        "purge": changing.purge,
        "backup": backup.backup,
        "export": bundles.export,
        "import": bundles.import_bundle,
        "check": store.check,
        "gc": store.gc,
        "upgrade": store.upgrade,
        "version": version,
    },
}


class _InOrder(TyperGroup):
    """Lists commands in the order of the panels, groups of commands too."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as the library calls it
        return [name for commands in _PANELS.values() for name in commands]


app = _App(
    name="enstorage",
    cls=_InOrder,
    help="Keeps, trains, combines and proves ensembles of forecasting models.",
    epilog="The store is --store FOLDER, else what ENSTORAGE_DATABASE, ENSTORAGE_SERIES and ENSTORAGE_OBJECTS or the file "
    "enstorage.toml name, else ./enstorage-data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_create = typer.Typer(
    help="Create a record by options or from JSON.\n\nExample: enstorage create project Load --source 1",
    no_args_is_help=True,
)

for _panel, _commands in _PANELS.items():
    for _name, _command in _commands.items():
        if _command is not None:
            app.command(name=_name, rich_help_panel=_panel)(interruptible(with_options(_command)))
app.add_typer(_create, name="create", rich_help_panel="Data")
for _panel, _kinds in creating.PANELS.items():
    for _name, _command in _kinds.items():
        _create.command(name=_name, rich_help_panel=_panel)(interruptible(with_options(_command)))
