"""The command line. Every command imports what it needs when it is called, so that `--help` answers at once."""

import sys
from typing import Any

import typer

from enmyadmin.commands import bundles, demo, ensembles, entities, forecasting, models, points, report, store
from enmyadmin.output import Json, print_error, print_json
from enstorage._version import __version__
from enstorage.errors import EnstorageError

#: An unknown option, a missing argument and the like; the library has no public name for what they have in common.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class _App(typer.Typer):
    """Says what goes wrong in one message on standard error, with exit status 1, or 2 where a command is not understood."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        as_json = "--json" in sys.argv
        try:
            if not as_json:
                return super().__call__(*arguments, **options)
            status = super().__call__(*arguments, standalone_mode=False, **options)
            raise SystemExit(status if isinstance(status, int) else 0)
        except EnstorageError as error:
            print_error(type(error).__name__, str(error), as_json=as_json)
            raise SystemExit(1) from None
        except _UsageError as error:
            print_error("UsageError", error.format_message(), as_json=as_json)  # type: ignore[attr-defined]
            raise SystemExit(2) from None
        except typer.Abort:
            raise SystemExit(1) from None
        except BrokenPipeError:
            # Whoever read our output, such as `head`, has seen enough.
            sys.stderr.close()
            raise SystemExit(141) from None


app = _App(
    name="enstorage",
    help="Keeps, trains, combines and proves ensembles of forecasting models.",
    epilog="The store is --store FOLDER, else what ENSTORAGE_DATABASE, ENSTORAGE_SERIES and ENSTORAGE_OBJECTS or the file "
    "enstorage.toml say, else ./enstorage-data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def version(as_json: Json = False) -> None:
    """Print the version."""
    print_json({"version": __version__}) if as_json else typer.echo(f"enstorage {__version__}")


app.command()(demo.demo)
app.command()(store.init)
app.command()(store.info)
app.command(name="list")(entities.list_entities)
app.command()(entities.find)
app.command()(entities.show)
app.command()(entities.compare)
app.command()(points.import_csv)
app.command()(points.import_lines)
app.command()(points.export_csv)
app.command()(bundles.export)
app.command(name="import")(bundles.import_bundle)
app.command()(models.export_model)
app.command()(models.import_model)
app.command()(models.tensorboard)
app.command()(forecasting.forecast)
app.command()(ensembles.verify)
app.command()(ensembles.remake)
app.command()(report.report)
app.command()(store.check)
app.command()(store.gc)
app.command()(store.upgrade)
