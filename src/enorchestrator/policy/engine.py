"""The engine: decides by policies who may do what. Deny by default, forbid wins, and an error denies."""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Any

from enorchestrator.policy.roles import up_to
from enstorage.errors import MissingLibraryError

_LOG = logging.getLogger(__name__)
#: Decisions that an engine keeps; a server asks the same few again and again.
_KEPT = 4096
LONGEST_POLICY = 4000
_MOST_LEVELS = 20


@dataclass(frozen=True)
class Question:
    """A principal that wants to do something.

    Attributes:
        name: of the user; empty for one without a name.
        role: of the user, or the lower one that limits the token.
        via: "link", "session" or "token".
        address: IP address of the client; empty if it is not known.
        action: one of `ACTIONS`.
        table: of what it is done to, such as "model".
    """

    name: str
    role: str
    via: str
    address: str
    action: str
    table: str


@dataclass(frozen=True)
class Answer:
    """A decision with its reason.

    Attributes:
        is_allowed: true if the principal may.
        reason: why not; empty if it may.
        policies: names of those that decided: that permit, or that forbid; `product 0` and so on are those of the product.
    """

    is_allowed: bool
    reason: str = ""
    policies: tuple[str, ...] = ()


class PolicyEngine:
    """Decides by the policies of the product and stored ones. What cannot be decided is denied.

    Args:
        stored: pairs of a name and the text of one policy.
    """

    def __init__(self, stored: tuple[tuple[str, str], ...] = ()) -> None:
        self._cedar = cedar()
        policies, self._broken = {f"product {number}": each for number, each in enumerate(_of_product())}, ""
        for name, text in stored:
            try:
                (policies[name],) = parsed(text)
            except ValueError as error:
                # It may be a forbid, so nothing can be decided without it.
                self._broken = f"the policy {name!r} cannot be read: {error}"
                _LOG.error("Everything is denied: %s. Disable it: enstorage policy disable %r", self._broken, name)
        self._set = _policy_set(policies)
        self._stored = {name for name, _ in stored}
        self._decided = lru_cache(_KEPT)(self._decide)

    def decide(self, question: Question) -> Answer:
        """Decide about one question."""
        return self._decided(question)

    def _decide(self, question: Question) -> Answer:
        if self._broken:
            return Answer(False, self._broken)
        principal = {"type": "User", "id": question.name}
        facts: dict[str, Any] = {"name": question.name, "role": question.role, "via": question.via}
        with suppress(ValueError):  # an address that is not known is left out
            address = ip_address(question.address.partition("%")[0])
            facts["address"] = {"__extn": {"fn": "ip", "arg": str(address)}}
        roles = [{"type": "Role", "id": role} for role in up_to(question.role)]
        asked = {
            "principal": principal,
            "action": {"type": "Action", "id": question.action},
            "resource": {"type": "Table", "id": question.table},
            "context": {},
        }
        try:
            result = self._cedar.is_authorized(asked, self._set, [{"uid": principal, "attrs": facts, "parents": roles}])
        except Exception as error:  # noqa: BLE001 - whatever goes wrong denies
            _LOG.error("A policy decision failed: %s", error)
            return Answer(False, "the policies could not be asked")
        if result.diagnostics.errors:
            # Cedar leaves out a policy that fails; if it forbids, leaving it out would permit.
            _LOG.error("A policy failed, so the action was denied: %s", "; ".join(result.diagnostics.errors))
            return Answer(False, "a policy failed")
        deciding = tuple(sorted(result.diagnostics.reasons))
        if result.allowed:
            return Answer(True, policies=deciding)
        forbidding = sorted(self._stored & set(deciding))
        reason = f"the policy {forbidding[0]!r} forbids it" if forbidding else "no policy permits it"
        return Answer(False, reason, deciding)


def texts_of_product() -> dict[str, str]:
    """The policies of the product in the language of Cedar, by name."""
    found = (cedar().policies_from_json_str(json.dumps(_policy_body({"0": each}))) for each in _of_product())
    return {f"product {number}": text.strip() for number, text in enumerate(found)}


def cedar() -> Any:
    """The library of the policy language.

    Raises:
        MissingLibraryError: it is not installed.
    """
    try:
        import cedarpy
    except ImportError as error:
        raise MissingLibraryError(
            "Policies need cedarpy, which is not installed. Install it: pip install 'enstorage[orchestrate]'"
        ) from error
    return cedarpy


def parsed(text: str) -> list[Any]:
    """The policies of a text, in the JSON form of Cedar.

    Raises:
        ValueError: it is not in the language of Cedar, has templates, or is too long or nested too deeply.
    """
    # Cedar reads, checks and evaluates by recursion: what is nested deeply ends the process.
    if len(text) > LONGEST_POLICY or _levels(text) > _MOST_LEVELS:
        raise ValueError(f"it has more than {LONGEST_POLICY} characters or {_MOST_LEVELS} nested brackets")
    try:
        found = json.loads(cedar().policies_to_json_str(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if found["templates"]:
        raise ValueError("it is a template; write a policy without ?principal and ?resource")
    policies = found["staticPolicies"]
    _policy_set(policies)  # the JSON form has a limit of depth of its own
    return [policies[name] for name in sorted(policies, key=lambda name: int(name.removeprefix("policy")))]


def _policy_set(policies: dict[str, Any]) -> Any:
    return cedar().PolicySet.from_json_str(json.dumps(_policy_body(policies)))


def _policy_body(policies: dict[str, Any]) -> dict[str, Any]:
    return {"staticPolicies": policies, "templates": {}, "templateLinks": []}


def _levels(text: str) -> int:
    """The most brackets that are open at once; brackets in texts count too."""
    opened = most = 0
    for character in text:
        opened += (character in "([{") - (character in ")]}")
        most = max(most, opened)
    return most


@cache
def _of_product() -> list[Any]:
    return parsed(files(__package__).joinpath("policies.cedar").read_text(encoding="utf-8"))


@lru_cache(8)
def engine_with(stored: tuple[tuple[str, str], ...]) -> PolicyEngine:
    """The engine of the product's policies and these."""
    return PolicyEngine(stored)
