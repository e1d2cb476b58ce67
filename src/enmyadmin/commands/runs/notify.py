"""The commands `notify …`: add, rules, pause, resume, delete, notices, test."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import person
from enmyadmin.output import Json, print_json, print_line, print_table, shortened

if TYPE_CHECKING:
    from enstorage.ledger import NotificationRule

Name = Annotated[str, typer.Argument(help="Name of the rule.", metavar="NAME", show_default=False)]


def add(
    name: Name,
    channel: Annotated[
        str,
        typer.Argument(help="Name of the channel, see `enstorage notify test`.", metavar="CHANNEL", show_default=False),
    ],
    event: Annotated[
        list[str] | None,
        typer.Option("--on", help="Event; run.failed by default.", metavar="EVENT", show_default=False),
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only runs of this pipeline.", show_default=False)] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of work.", show_default=False)] = None,
    project: Annotated[
        int | None, typer.Option(min=1, help="Only runs that get this project.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(help="Only runs that this user asked for.", show_default=False)] = None,
    fallback: Annotated[
        str | None, typer.Option(help="Channel to use when the other fails.", show_default=False)
    ] = None,
    digest: Annotated[int, typer.Option(min=0, help="Seconds whose events are told by one message.")] = 0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Have a channel told of events of runs from now on.

    Events are run.started, run.succeeded, run.cancelled, run.alert and run.failed.

    Example: enstorage notify add failures ops --on run.failed --pipeline nightly --digest 300
    """
    from enorchestrator import create_rule

    facts = {"pipeline": pipeline, "kind": kind, "project": project, "created_by": by}
    made = create_rule(
        name,
        channel,
        events=event or ("run.failed",),
        condition={each: value for each, value in facts.items() if value is not None},
        fallback=fallback,
        digest_seconds=digest,
        created_by=person(),
        connector=open_store(store),
    )
    print_json(_as_json(made)) if as_json else print_line(
        f"The channel {made.channel} is told by the rule {made.name}."
    )


def rules(store: Store = None, as_json: Json = False) -> None:
    """List the rules of notifications.

    Example: enstorage notify rules
    """
    from enorchestrator import list_rules

    found = list_rules(connector=open_store(store))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    heads = ["name", "channel", "fallback", "events", "runs", "digest", "state"]
    rows = [
        [
            each.name,
            each.channel,
            each.fallback,
            ", ".join(each.events),
            ", ".join(f"{fact}={value}" for fact, value in each.condition.items()) or "all",
            f"{each.digest_seconds} s" if each.digest_seconds else "none",
            "active" if each.enabled else "paused",
        ]
        for each in found
    ]
    print_table(heads, rows) if rows else print_line("There are no rules. Add one: enstorage notify add NAME CHANNEL")


def pause(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Have a rule make no notices until it is resumed.

    Example: enstorage notify pause failures
    """
    _enable(name, store, enabled=False, as_json=as_json)


def resume(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Have a paused rule tell of what happens from now on.

    Example: enstorage notify resume failures
    """
    _enable(name, store, enabled=True, as_json=as_json)


def delete(name: Name, store: Store = None) -> None:
    """Delete a rule with its notices.

    Example: enstorage notify delete failures
    """
    from enorchestrator import delete_rule

    delete_rule(name, connector=open_store(store))
    print_line(f"The rule {name} is deleted.")


def notices(
    state: Annotated[str | None, typer.Option(help="waiting, sent or given up.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most notices.")] = 20,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List notices, the newest first, with what became of them.

    Example: enstorage notify notices --state waiting
    """
    from enorchestrator import list_notices

    found = list_notices(state=state, limit=limit, connector=open_store(store))
    if as_json:
        names = ("id", "run_id", "event", "state", "due_at", "attempts", "channel", "error", "sent_at", "created_at")
        print_json([{"rule": rule, **{name: getattr(each, name) for name in names}} for each, rule in found])
        return
    rows = [
        [
            each.id,
            rule,
            each.run_id,
            each.event,
            each.state,
            each.channel,
            each.sent_at or each.due_at,
            _why(each.error),
        ]
        for each, rule in found
    ]
    heads = ["id", "rule", "run", "event", "state", "channel", "sent or due", "error"]
    print_table(heads, rows) if rows else print_line("There are no such notices.")


def send_test(
    channel: Annotated[
        str | None,
        typer.Argument(
            help="Name of the channel; without it the channels are listed.", metavar="CHANNEL", show_default=False
        ),
    ] = None,
) -> None:
    """Send a test message to a channel, or list the channels.

    The address of the channel ops, as Apprise takes it, stands in the variable ENSTORAGE_NOTIFY_OPS.

    Example: enstorage notify test ops
    """
    from enorchestrator.notification.channels import channels, send

    if channel is None:
        known = channels()
        print_line(
            f"Channels: {', '.join(known)}."
            if known
            else "There are no channels. Set a variable such as ENSTORAGE_NOTIFY_OPS."
        )
        return
    send(channel, "Test of enstorage", "This channel receives messages of enstorage.")
    print_line(f"The channel {channel} took the message.")


def _enable(name: str, store: Any, *, enabled: bool, as_json: bool) -> None:
    from enorchestrator import change_rule

    changed = change_rule(name, enabled=enabled, connector=open_store(store))
    if as_json:
        print_json(_as_json(changed))
    else:
        print_line(f"The rule {changed.name} is {'active' if changed.enabled else 'paused'}.")


def _why(error: Any) -> str | None:
    return None if error is None else shortened(error["detail"])


def _as_json(rule: "NotificationRule") -> dict[str, Any]:
    names = (
        "name",
        "channel",
        "fallback",
        "events",
        "condition",
        "digest_seconds",
        "enabled",
        "created_by",
        "created_at",
    )
    return {name: getattr(rule, name) for name in names}
