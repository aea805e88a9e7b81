"""Cedar: the only file that knows it. Texts and grants → policy sets; requests → which policies match. Pure.

A grant becomes a policy as data (Cedar's JSON form), never as text, so that nothing in it can be read as policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cedarpy import Entities, PolicySet, Schema, is_authorized, pst, validate_policies

from tektrad.errors import InvalidRequest
from tektrad.trust import resource
from tektrad.trust.act import Act, Principal, checked_agent
from tektrad.trust.grant import Grant, Outcome, PatternKind
from tektrad.trust.policy_text import PolicyProblem, Statement, statements

ANNOTATIONS = frozenset({"id", "decision", "why"})
RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
UID = re.compile(r"[0-9]{1,10}")
_NUMBERED = re.compile(r"policy(\d+)")
_AT_FAULT = re.compile(r"(?:for|error while evaluating) policy `([^`]*)`[,:] ")
"""How Cedar begins to say what is wrong with a policy."""
_TEMPLATE = "policies have to be written out: a template (with ?principal or ?resource) decides nothing"


@dataclass(frozen=True, slots=True)
class Source:
    """A text of policies and the name that its rules begin with; with `problem` it could not even be read."""

    name: str
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy: what it decides when it matches, its name, where it stands, why it is there."""

    outcome: Outcome
    name: str
    source: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Which policies matched, by their ids in the set; and which could not be evaluated, or None."""

    ids: tuple[str, ...]
    failed: str | None = None
    error: str = ""


def read(source: Source, schema: Schema) -> list[Rule]:
    """The rules of one text; raises PolicyProblem."""
    if source.problem:
        raise PolicyProblem(1, source.problem)
    found = statements(source.text)
    try:
        parsed = PolicySet.from_str(source.text)
        nodes = parsed.to_pst()
    except ValueError as error:
        raise PolicyProblem(_line_at_fault(found), str(error)) from error
    if parsed.templates():
        lines = [each.line for each in found if "?" in each.text]
        raise PolicyProblem(lines[0] if lines else 1, _TEMPLATE)
    if len(nodes.static_policies) != len(found):
        raise PolicyProblem(1, "its policies cannot be told apart")
    checked = validate_policies(source.text, schema)
    for wrong in checked.errors:
        raise PolicyProblem(_line_of(wrong.policy_id, found), _AT_FAULT.sub("", wrong.error))
    if not checked.validation_passed:
        raise PolicyProblem(1, "it does not fit the schema")
    rules: dict[str, Rule] = {}
    for number, statement in enumerate(found):
        policy = nodes.static_policies[f"policy{number}"]
        _check_names(policy, statement.line)
        rule = _rule(source.name, number + 1, statement.line, policy.effect, policy.annotations)
        if rule.name in rules:
            raise PolicyProblem(rule.line, f"a second policy is called {rule.name}")
        rules[rule.name] = rule
    return list(rules.values())


def _rule(source: str, number: int, line: int, effect: str, annotations: Mapping[str, str | None]) -> Rule:
    unknown = sorted(annotations.keys() - ANNOTATIONS)
    if unknown:
        raise PolicyProblem(line, f"@{unknown[0]} means nothing here; there are @id, @decision and @why")
    ident = annotations.get("id", str(number))
    if ident is None or not RULE_ID.fullmatch(ident):
        raise PolicyProblem(line, "an @id has 1 to 64 letters, digits, dots, dashes and underscores")
    if "decision" in annotations and (annotations["decision"] != "ask" or effect != "permit"):
        raise PolicyProblem(line, '@decision can be "ask" and nothing else, and only a permit can ask')
    outcome: Outcome = "deny" if effect == "forbid" else "ask" if "decision" in annotations else "allow"
    return Rule(outcome, f"{source}#{ident}", source, line, annotations.get("why") or "")


def _check_names(policy: pst.Template, line: int) -> None:
    """What is named in a form that no act has would never match, and nobody would notice."""
    for named in pst.entity_uids(policy):
        try:
            normal = _normal(str(named.type), named.id)
        except InvalidRequest as error:
            raise PolicyProblem(line, f"{named} is nobody and nothing: {error.message}") from error
        if normal != named.id:
            raise PolicyProblem(line, f'{named} never matches; write it as {named.type}::"{normal}"')


def _normal(kind: str, ident: str) -> str:
    match kind:
        case "User":
            return _uid(ident)
        case "Agent":
            uid, _, agent = ident.partition("/")
            return f"{_uid(uid)}/{checked_agent(agent)}"
        case "Path":
            return resource.path(ident)
        case "Host":
            return resource.host(ident)
        case "Tool" | "Secret" | "Model" | "Setting" | "Log":
            return resource.name(ident)
        case _:
            return ident


def _uid(text: str) -> str:
    if not UID.fullmatch(text):
        raise InvalidRequest("a user is named by uid, and an agent by uid/name")
    return str(int(text))


def _line_at_fault(found: Sequence[Statement]) -> int:
    """The line of the first statement that cannot be parsed by itself."""
    for statement in found:
        try:
            PolicySet.from_str(statement.text).to_pst()
        except ValueError:
            return statement.line
    return 1


def _line_of(policy: str, found: Sequence[Statement]) -> int:
    numbered = _NUMBERED.fullmatch(policy)
    number = int(numbered[1]) if numbered else 0
    return found[number].line if number < len(found) else 1


def joined(texts: Iterable[str]) -> PolicySet:
    """One set of texts that have been read; the ids of its policies count on from text to text."""
    return PolicySet.from_str("\n".join(texts))


def numbered(count: int) -> list[str]:
    """The ids of so many policies in a set that was made of text."""
    return [f"policy{number}" for number in range(count)]


def granted(grants: Iterable[Grant]) -> PolicySet:
    """Grants as a set, their ids as its ids."""
    policies = {grant.id: _policy(grant) for grant in grants}
    return PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []}, ensure_ascii=False)
    )


def shape(grant: Grant) -> tuple[object, ...]:
    """What a grant's policy looks like but for the values in it: whether it fits the schema depends on nothing else."""
    conditions = grant.conditions
    limits = (conditions.confinement, conditions.cost is None, conditions.workspace is None)
    return grant.decision, grant.action, bool(grant.agent), grant.kind, grant.scope, limits


def check(grant: Grant, schema: Schema) -> None:
    """Raise ValueError where a grant does not fit the schema."""
    checked = validate_policies(str(granted([grant])), schema)
    if not checked.validation_passed:
        raise ValueError(str(checked.errors[0]) if checked.errors else "it does not fit the schema")


def _policy(grant: Grant) -> dict[str, Any]:
    who = (
        {"op": "==", "entity": {"type": "Agent", "id": grant.principal}}
        if grant.agent
        else {"op": "in", "entity": {"type": "User", "id": grant.principal}}
    )
    return {
        "effect": "forbid" if grant.decision == "deny" else "permit",
        "principal": who,
        "action": {"op": "==", "entity": {"type": "Action", "id": grant.action}},
        "resource": {"op": "All"},
        "conditions": [{"kind": "when", "body": body} for body in _bodies(grant)],
    }


def _bodies(grant: Grant) -> list[dict[str, Any]]:
    bodies = [_about(grant.kind, grant.resource)] if grant.kind != "any" else []
    if grant.scope in ("run", "session"):
        bodies.append(_equal(grant.scope, grant.bound_to))
    if grant.conditions.confinement is not None:
        enough = ["A"] if grant.conditions.confinement == "A" else ["A", "B"]
        values = {"Set": [{"Value": {"__entity": _named("Level", level)}} for level in enough]}
        bodies.append({"contains": {"left": values, "right": _context("confinement")}})
    if grant.conditions.cost is not None:
        bodies.append({"<=": {"left": _context("cost"), "right": {"Value": grant.conditions.cost}}})
    if grant.conditions.workspace is not None:
        bodies.append(_equal("workspace", grant.conditions.workspace))
    return bodies


def _about(kind: PatternKind, text: str) -> dict[str, Any]:
    if kind == "path":
        beneath = _like("path", [{"Literal": text if text == "/" else text + "/"}, "Wildcard"])
        return {"||": {"left": _equal("path", text), "right": beneath}}
    if kind == "subdomains":
        return _like("host", ["Wildcard", {"Literal": "." + text}])
    return _equal(kind, text)


def _context(attribute: str) -> dict[str, Any]:
    return {".": {"left": {"Var": "context"}, "attr": attribute}}


def _equal(attribute: str, value: str) -> dict[str, Any]:
    return {"==": {"left": _context(attribute), "right": {"Value": value}}}


def _like(attribute: str, pattern: list[Any]) -> dict[str, Any]:
    return {"like": {"left": _context(attribute), "pattern": pattern}}


def entities(principal: Principal, schema: Schema) -> Entities:
    """A principal with all that it belongs to: an agent to its user, a user to their roles."""
    user = _named("User", str(principal.uid))
    roles = [_named("Role", role) for role in sorted(principal.roles)]
    known = [_entity(user, roles), *(_entity(role, []) for role in roles)]
    if principal.agent:
        known.append(_entity(_named("Agent", principal.key), [user]))
    return Entities.from_json_str(json.dumps(known), schema)


def _named(kind: str, ident: str) -> dict[str, str]:
    return {"type": kind, "id": ident}


def _entity(uid: dict[str, str], parents: list[dict[str, str]]) -> dict[str, Any]:
    return {"uid": uid, "attrs": {}, "parents": parents}


def request(act: Act, now: str, protected: bool) -> dict[str, Any]:
    """An act as Cedar is asked about it. `now` is RFC 3339 in UTC; Cedar knows milliseconds."""
    context: dict[str, Any] = {
        "workspace": act.workspace,
        "effect": {"__entity": _named("Effect", act.effect)},
        "confinement": {"__entity": _named("Level", act.confinement or "none")},
        "cost": act.cost,
        "time": {"__extn": {"fn": "datetime", "arg": now[:23].rstrip("Z") + "Z"}},
        "run": act.run,
        "session": act.session,
    }
    match act.kind:
        case "Path":
            context |= {"path": act.text, "protected": protected}
        case "Host":
            context["host"] = act.text
        case "Command":
            context |= {"program": act.resource[0], "command": act.text}
        case _:
            context["name"] = act.text
    return {
        "principal": _named("Agent" if act.principal.agent else "User", act.principal.key),
        "action": _named("Action", act.action),
        "resource": _named(act.kind, act.text),
        "context": json.dumps(context, ensure_ascii=False),
    }


def matched(asked: dict[str, Any], policies: PolicySet, known: Entities, schema: Schema) -> Matched:
    """Which policies of a set match; of those that forbid and those that permit only the former, where there are any.

    Cedar leaves out a policy that it cannot evaluate, also one that forbids: whoever asks has to look at `failed`.
    """
    answer = is_authorized(asked, policies, known, schema)
    for error in answer.diagnostics.errors:
        at_fault = _AT_FAULT.search(error)
        return Matched((), at_fault[1] if at_fault else "", _AT_FAULT.sub("", error))
    return Matched(tuple(answer.diagnostics.reasons))
