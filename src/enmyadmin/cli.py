"""The command line. A command is imported when it is called, and what it needs then, so that `--help` answers at once."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, cast

import typer
from typer.core import TyperCommand, TyperGroup

from enmyadmin.arguments.options import with_options
from enmyadmin.interruption import Interrupted, interruptible
from enmyadmin.output import print_error, safe_output
from enmyadmin.panels import PANELS, CommandGroup, ListedCommand
from enstorage.errors import EnstorageError
from enstorage.places.masking import looks_like_url, masked

#: An unknown option, a missing argument and the like; the library has no public name for what they have in common.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class _App(TyperGroup):
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


class _Later(TyperCommand):
    """A command of which only the line in the help is known; the rest is imported when it is called."""

    def __init__(self, name: str, command: ListedCommand, panel: str) -> None:
        super().__init__(name, help=command.line, rich_help_panel=panel or None)
        self.place = command.place

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the command itself."""
        return self.loaded().make_context(*arguments, **options)

    def loaded(self) -> TyperCommand:
        """The command itself."""
        module, _, function = self.place.partition(":")
        alone = typer.Typer(add_completion=False)
        command = getattr(import_module(f"enmyadmin.{module}"), function)
        alone.command(name=self.name)(interruptible(with_options(command)))
        return cast("TyperCommand", typer.main.get_command(alone))


def _listed(panels: Mapping[str, Mapping[str, ListedCommand | CommandGroup]]) -> dict[str, Any]:
    return {
        name: _Later(name, each, panel)
        if isinstance(each, ListedCommand)
        else TyperGroup(
            name=name, commands=_listed(each.panels), help=each.help, no_args_is_help=True, rich_help_panel=panel
        )
        for panel, commands in panels.items()
        for name, each in commands.items()
    }


app = _App(
    name="enstorage",
    commands=_listed(PANELS),
    help="Keeps, trains, combines and proves ensembles of forecasting models.",
    epilog="The store is --store FOLDER, else what ENSTORAGE_DATABASE, ENSTORAGE_SERIES and ENSTORAGE_OBJECTS or the file "
    "enstorage.toml name, else ./enstorage-data.",
    no_args_is_help=True,
)
