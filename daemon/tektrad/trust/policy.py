"""Policy: decides about acts by rules and grants. Pure: values in, a decision out.

Deny goes before ask, ask before allow. What nothing speaks of is asked. A text that cannot be understood and a rule
that cannot be evaluated deny, since what they would have forbidden is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cedarpy import Entities, PolicySet, Schema

from tektrad.trust import cedar, resource
from tektrad.trust.act import Act, Principal
from tektrad.trust.cedar import Rule, Source
from tektrad.trust.grant import Grant, Outcome, Shelves
from tektrad.trust.policy_text import PolicyProblem

DEFAULT = "default"
MOST_KEPT = 512
"""Principals, and sets of grants, that are kept parsed."""
SEVERITY = ("deny", "ask", "allow")


@dataclass(frozen=True, slots=True)
class Decision:
    """What may become of an act, and which rule says so. `grant` is the id of the grant that decided, if one did."""

    outcome: Outcome
    rule: str
    why: str
    source: str
    grant: str = ""
    counted: bool = False
    """Whether that grant's uses are counted."""
    granted: bool = False
    """Whether, whichever rule decided, a grant without counted uses allows it: somebody has said yes to this."""

    def refusal(self, act: Act) -> str:
        """That an act is not allowed, in words that name the rule."""
        why = f": {self.why}" if self.why else ""
        return f"{act.action} {act.text} is not allowed, by rule {self.rule}{why}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why every act is denied."""

    source: str
    line: int
    message: str

    @property
    def rule(self) -> str:
        """Where to look."""
        return f"{self.source}:{self.line}"


class Rulebook:
    """The rules of all texts, parsed and checked once; in force together, or not at all."""

    def __init__(self, schema: str, sources: Sequence[Source]) -> None:
        self.schema = Schema.from_str(schema)
        self.rules: list[Rule] = []
        self.problem: Problem | None = None
        for source in sources:
            try:
                self.rules += cedar.read(source, self.schema)
            except PolicyProblem as problem:
                self.problem = Problem(source.name, problem.line, problem.message)
                self.rules = []
                return
        self.policies = cedar.joined(source.text for source in sources)
        self.by_id = dict(zip(cedar.numbered(len(self.policies)), self.rules, strict=True))
        self._shapes: set[tuple[object, ...]] = set()

    def check(self, grant: Grant) -> None:
        """Raise ValueError where a grant does not fit the schema; each shape of grants is looked at once."""
        shape = cedar.shape(grant)
        if shape not in self._shapes:
            cedar.check(grant, self.schema)
            self._shapes.add(shape)


class Policy:
    """All rules and grants that are in force. What lies in a `protected` folder is told to the rules."""

    def __init__(self, rulebook: Rulebook, grants: Sequence[Grant] = (), protected: Sequence[str] = ()) -> None:
        self._book = rulebook
        self._shelves = Shelves(grants)
        self._protected = tuple(resource.path(each) for each in protected)
        self._entities: dict[Principal, Entities] = {}
        self._sets: dict[tuple[str, ...], PolicySet] = {}

    def decide(self, act: Act, now: str, without: frozenset[str] = frozenset()) -> Decision:
        """Decide about an act at a time (RFC 3339, UTC, as the clock writes it), as if some grants were not there."""
        problem = self._book.problem
        if problem is not None:
            return Decision("deny", problem.rule, problem.message, problem.source)
        candidates = tuple(each for each in self._shelves.candidates(act, now) if each.id not in without)
        try:
            return self._decide(act, now, candidates)
        except ValueError as error:  # from Cedar: the request, or a grant, is nothing that it takes
            return Decision("deny", "schema", str(error), "schema")

    def _decide(self, act: Act, now: str, candidates: tuple[Grant, ...]) -> Decision:
        schema, known = self._book.schema, self._known(act.principal)
        protected = act.kind == "Path" and any(resource.beneath(act.text, each) for each in self._protected)
        asked = cedar.request(act, now, protected)
        by_text = cedar.matched(asked, self._book.policies, known, schema)
        if by_text.failed is not None:
            rule = self._book.by_id.get(by_text.failed)
            name, source = (rule.name, rule.source) if rule is not None else ("schema", "schema")
            return Decision("deny", name, f"it could not be evaluated: {by_text.error}", source)
        decisions = [_by_rule(rule) for ident, rule in self._book.by_id.items() if ident in by_text.ids]
        if candidates:
            by_grant = cedar.matched(asked, self._set(candidates), known, schema)
            if by_grant.failed is not None:
                name = f"grant#{by_grant.failed}"
                return Decision("deny", name, f"it could not be evaluated: {by_grant.error}", "grants")
            decisions += [_by_grant(grant) for grant in candidates if grant.id in by_grant.ids]
        nothing = Decision("ask", DEFAULT, "no rule speaks of it", DEFAULT)
        decision = min(decisions, key=_severity, default=nothing)
        is_granted = any(each.grant and each.outcome == "allow" and not each.counted for each in decisions)
        return replace(decision, granted=is_granted and decision.outcome == "allow")

    def _known(self, principal: Principal) -> Entities:
        found = self._entities.get(principal)
        if found is None:
            if len(self._entities) >= MOST_KEPT:
                self._entities.clear()
            found = self._entities[principal] = cedar.entities(principal, self._book.schema)
        return found

    def _set(self, grants: Sequence[Grant]) -> PolicySet:
        key = tuple(grant.id for grant in grants)
        found = self._sets.get(key)
        if found is None:
            if len(self._sets) >= MOST_KEPT:
                self._sets.clear()
            for grant in grants:
                self._book.check(grant)
            found = self._sets[key] = cedar.granted(grants)
        return found


def _severity(decision: Decision) -> int:
    return SEVERITY.index(decision.outcome)


def _by_rule(rule: Rule) -> Decision:
    return Decision(rule.outcome, rule.name, rule.why, rule.source)


def _by_grant(grant: Grant) -> Decision:
    return Decision(grant.decision, grant.rule, grant.why, "grants", grant.id, grant.uses_left is not None)
