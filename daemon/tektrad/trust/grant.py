"""A grant: what somebody allowed, denied, or wants to be asked about; and which of them may speak of an act. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from tektrad.errors import InvalidRequest
from tektrad.trust import resource
from tektrad.trust.act import Act, kind_of

Outcome = Literal["allow", "ask", "deny"]
Scope = Literal["once", "run", "session", "always"]
PatternKind = Literal["any", "path", "host", "subdomains", "program", "command", "name"]
ANY = "*"
Key = tuple[PatternKind, str]
Shelf = tuple[str, int, str, Scope, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a grant is about: anything, a path with all beneath it, a host, names below a domain, a program, …"""

    kind: PatternKind
    text: str

    @classmethod
    def of(cls, action: str, said: str | Sequence[str]) -> Pattern:
        """Read what a person wrote; of `run` a program, or a list that is one exact command. Raises InvalidRequest."""
        kind = kind_of(action)
        if said == ANY:
            return cls("any", ANY)
        if kind == "Command":
            if isinstance(said, str):
                return cls("program", resource.command((said,))[0])
            return cls("command", shlex.join(resource.command(said)))
        if not isinstance(said, str):
            raise InvalidRequest(f"{action} takes one resource, and not a list", param="resource")
        if kind == "Path":
            if "*" in said:
                hint = "A folder means all beneath it; patterns belong into a policy file."
                raise InvalidRequest("a grant for paths knows no asterisk but one alone", hint, param="resource")
            return cls("path", resource.path(said))
        if kind == "Host":
            if said.startswith("*."):
                domain = resource.host(said[2:])
                if not _is_name(domain):
                    raise InvalidRequest("an address has no names below it", param="resource")
                return cls("subdomains", domain)
            return cls("host", resource.host(said))
        return cls("name", resource.name(said))

    @property
    def shown(self) -> str:
        """As a person writes it."""
        return f"*.{self.text}" if self.kind == "subdomains" else self.text


def _is_name(host: str) -> bool:
    return ":" not in host and not resource.NUMERIC.fullmatch(host.rpartition(".")[2])


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What else has to be so for a grant to hold: at least this confinement, at most this cost, in this workspace."""

    confinement: Literal["A", "B"] | None = None
    cost: int | None = None
    workspace: str | None = None

    def __post_init__(self) -> None:
        if self.workspace is not None and resource.path(self.workspace, "workspace") != self.workspace:
            raise InvalidRequest("the workspace is no path in its normal form", param="workspace")


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One grant as it is kept. `agent` empty: the user and all agents; `uses_left` None: as often as wanted."""

    id: str
    decision: Outcome
    uid: int
    agent: str
    action: str
    kind: PatternKind
    resource: str
    conditions: Conditions
    scope: Scope
    bound_to: str
    expires_at: str | None
    uses_left: int | None
    created_at: str
    created_by: str
    revoked_at: str | None
    why: str

    @property
    def pattern(self) -> Pattern:
        """What it is about."""
        return Pattern(self.kind, self.resource)

    @property
    def rule(self) -> str:
        """The name under which it decides."""
        return f"grant#{self.id}"

    @property
    def principal(self) -> str:
        """Whom it speaks about, as policies name them."""
        return f"{self.uid}/{self.agent}" if self.agent else str(self.uid)

    def holds(self, now: str) -> bool:
        """Whether it is neither revoked nor expired nor used up."""
        return self.revoked_at is None and self.uses_left != 0 and (self.expires_at is None or now < self.expires_at)


class Shelves:
    """Grants, found by what an act could match: what is left out cannot match, which a test proves.

    Cedar looks at every policy that it is given, and so is given those few only.
    """

    def __init__(self, grants: Sequence[Grant]) -> None:
        self._shelves: dict[Shelf, dict[Key, list[tuple[int, Grant]]]] = {}
        # One that may be used without end goes before one whose uses are counted.
        ordered = sorted(grants, key=lambda each: (each.uses_left is not None, each.created_at, each.id))
        for place, grant in enumerate(ordered):
            shelf = (grant.action, grant.uid, grant.agent, grant.scope, grant.bound_to)
            self._shelves.setdefault(shelf, {}).setdefault((grant.kind, grant.resource), []).append((place, grant))

    def candidates(self, act: Act, now: str) -> tuple[Grant, ...]:
        """The grants that may speak about an act, in their order; none that has ended."""
        found: list[tuple[int, Grant]] = []
        for shelf in _shelves_of(act):
            keyed = self._shelves.get(shelf)
            if keyed:
                found += [each for key in _keys_of(act) for each in keyed.get(key, ()) if each[1].holds(now)]
        return tuple(grant for _, grant in sorted(found, key=_place))


def _place(found: tuple[int, Grant]) -> int:
    return found[0]


def _shelves_of(act: Act) -> Iterator[Shelf]:
    who = act.principal
    bounds: list[tuple[Scope, str]] = [("always", ""), ("once", "")]
    bounds += [("run", act.run)] if act.run else []
    bounds += [("session", act.session)] if act.session else []
    for agent in ("", who.agent) if who.agent else ("",):
        for scope, bound_to in bounds:
            yield act.action, who.uid, agent, scope, bound_to


def _keys_of(act: Act) -> Iterator[Key]:
    yield "any", ANY
    match act.kind:
        case "Path":
            yield from (("path", each) for each in resource.above(act.text))
        case "Host":
            yield "host", act.text
            yield from (("subdomains", each) for each in resource.domains(act.text))
        case "Command":
            yield "program", act.resource[0]
            yield "command", act.text
        case _:
            yield "name", act.text
