"""Policy: what decides about an act, beside a small oracle, and everything that must never be allowed by mistake."""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cedarpy import PolicySet, pst
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tektrad.trust
from tektrad.errors import InvalidRequest
from tektrad.trust import cedar, resource
from tektrad.trust.act import ACTIONS, Act, Principal
from tektrad.trust.cedar import Source
from tektrad.trust.grant import Conditions, Grant, Outcome, Pattern, Shelves
from tektrad.trust.grants import Wish
from tektrad.trust.policy import Decision, Policy, Rulebook

ROOM = Path(tektrad.trust.__file__).parent
SCHEMA = (ROOM / "schema.cedarschema").read_text()
BASE = Source("base", (ROOM / "base.cedar").read_text())
NOW = "2026-11-22T12:00:00.000000Z"
OWNER = Principal(1000, "", frozenset({"owner"}))
CODER = replace(OWNER, agent="coder")
SHIPPED = Rulebook(SCHEMA, [BASE])


def ruled(*texts: str) -> Rulebook:
    return Rulebook(SCHEMA, [Source(f"{number}.cedar", text) for number, text in enumerate(texts)])


def decided(act: Act, *texts: str, grants: tuple[Grant, ...] = (), book: Rulebook | None = None) -> Decision:
    return Policy(book or ruled(*texts), grants, ["/home/me/.config/tektra"]).decide(act, NOW)


def act(action: str, what: str | tuple[str, ...], who: Principal = CODER, **circumstances: Any) -> Act:
    return Act(principal=who, action=action, resource=what, **circumstances)


def grant(action: str, what: str | list[str], decision: Outcome = "allow", **fields: Any) -> Grant:
    pattern = Pattern.of(action, what)
    usual: dict[str, Any] = {
        "id": "g",
        "decision": decision,
        "uid": 1000,
        "agent": "",
        "action": action,
        "kind": pattern.kind,
        "resource": pattern.text,
        "conditions": Conditions(),
        "scope": "always",
        "bound_to": "",
        "expires_at": None,
        "uses_left": None,
        "created_at": NOW,
        "created_by": "1000",
        "revoked_at": None,
        "why": "",
    }
    return Grant(**usual | fields)


# What is shipped


@pytest.mark.parametrize(
    ("what", "outcome", "rule"),
    [
        (act("write", "/etc/passwd"), "ask", "default"),
        (act("write", "/etc/passwd", OWNER), "allow", "base#owner"),
        (act("read", "/work/a", workspace="/work"), "allow", "base#workspace"),
        (act("read", "/work-evil/a", workspace="/work"), "ask", "default"),
        (act("write", "/work/.git/hooks/pre-commit", workspace="/work"), "ask", "base#run-by-others"),
        (act("read", "/work/.git/config", workspace="/work"), "allow", "base#workspace"),
        (act("read", "/home/me/.config/tektra/config.toml", workspace="/home/me"), "deny", "base#own-folders"),
        (act("run", ("make",), effect="inside", confinement="A"), "allow", "base#confined"),
        (act("run", ("make",), effect="outside", confinement="A"), "ask", "default"),
        (act("run", ("make",), effect="inside", confinement="C"), "deny", "base#unconfined"),
        (act("run", ("make",), effect="inside"), "deny", "base#unconfined"),
        (act("call", "search", effect="none"), "allow", "base#tools"),
        (act("call", "send_mail"), "ask", "default"),
        (act("call", "remember"), "allow", "base#notes"),
        (act("call", "forget"), "allow", "base#notes"),
        (act("call", "file:remember"), "ask", "default"),
        (act("use", "github"), "ask", "default"),
        (act("fetch", "example.org"), "ask", "default"),
        (act("generate", "qwen3-8b"), "allow", "base#models"),
        (act("generate", "qwen3-8b", cost=1), "ask", "default"),
        (act("configure", "permissions"), "deny", "base#own-rules"),
        (act("configure", "permissions", OWNER), "allow", "base#owner"),
        (act("load", "m", Principal(7, "", frozenset({"user"}))), "allow", "base#user"),
        (act("remove", "m", Principal(7, "", frozenset({"user"}))), "ask", "default"),
        (act("remove", "m", Principal(7, "", frozenset({"operator"}))), "allow", "base#operator"),
        (act("audit", "log", Principal(7, "", frozenset({"auditor"}))), "allow", "base#auditor"),
        (act("load", "m", Principal(7, "", frozenset({"auditor"}))), "ask", "default"),
        (act("load", "m", Principal(7)), "ask", "default"),
    ],
)
def test_what_holds_before_anybody_said_anything(what: Act, outcome: str, rule: str) -> None:
    decision = decided(what, book=SHIPPED)
    assert (decision.outcome, decision.rule) == (outcome, rule)


def test_no_grant_opens_what_the_shipped_rules_forbid() -> None:
    given_away = (grant("write", "*"), grant("run", "*", id="h"))
    own = act("write", "/home/me/.config/tektra/policies/mine.cedar")
    assert decided(own, grants=given_away, book=SHIPPED).outcome == "deny"
    assert decided(act("run", ("make",)), grants=given_away, book=SHIPPED).outcome == "deny"


def test_the_schema_and_the_table_of_actions_say_the_same() -> None:
    for action, kind in ACTIONS.items():
        sample = "/x" if kind == "Path" else "x"
        assert decided(act(action, sample), "permit (principal, action, resource);").outcome == "allow"
        for other in set(ACTIONS.values()):
            text = f'permit (principal, action == Action::"{action}", resource is {other});'
            assert (ruled(text).problem is None) == (other == kind)


# The oracle


@dataclass(frozen=True)
class Written:
    """A policy of a file as the oracle knows it: who, which actions, and one condition."""

    effect: str
    ask: bool
    who: str
    actions: tuple[str, ...]
    condition: tuple[str, str]

    def text(self) -> str:
        who = {
            "anybody": "principal",
            "1000": 'principal in User::"1000"',
            "2000": 'principal == User::"2000"',
            "1000/coder": 'principal == Agent::"1000/coder"',
            "agents": "principal is Agent",
            "owner": 'principal in Role::"owner"',
        }[self.who]
        actions = ", ".join(f'Action::"{action}"' for action in self.actions)
        scope = f"action in [{actions}]" if actions else "action"
        note = '@decision("ask")\n' if self.ask else ""
        return f"{note}{self.effect} ({who}, {scope}, resource)\n{self._when()};"

    def _when(self) -> str:
        kind, value = self.condition
        return {
            "always": "",
            "effect": f'when {{ context.effect == Effect::"{value}" }}',
            "confinement": f'unless {{ [Level::"{value}"].contains(context.confinement) }}',
            "beneath": f'when {{ context.path like "{value}/*" }}',
            "host": f'when {{ context.host == "{value}" }}',
            "overflow": 'when { context.effect == Effect::"inside" && context.cost + 9223372036854775807 > 0 }',
        }[kind]

    def matches(self, asked: Act) -> bool | None:
        """Whether it does; None where it cannot be evaluated."""
        who = asked.principal
        people = {
            "anybody": True,
            "1000": who.uid == 1000,
            "2000": who.uid == 2000 and not who.agent,
            "1000/coder": who.uid == 1000 and who.agent == "coder",
            "agents": bool(who.agent),
            "owner": "owner" in who.roles,
        }
        if not people[self.who] or (self.actions and asked.action not in self.actions):
            return False
        kind, value = self.condition
        if kind == "overflow":
            return (None if asked.cost else True) if asked.effect == "inside" else False
        return {
            "always": True,
            "effect": asked.effect == value,
            "confinement": asked.confinement != value,
            "beneath": asked.text.startswith(value + "/"),
            "host": asked.text == value,
        }[kind]


def speaks(given: Grant, asked: Act) -> bool:
    """Whether a grant is about an act, worked out with nothing of the code that is tested."""
    who = asked.principal
    if (given.uid, given.action) != (who.uid, asked.action) or given.agent not in ("", who.agent):
        return False
    if given.revoked_at or given.uses_left == 0 or (given.expires_at and given.expires_at <= NOW):
        return False
    if given.scope == "run" and given.bound_to != asked.run:
        return False
    if given.scope == "session" and given.bound_to != asked.session:
        return False
    limits = given.conditions
    if limits.confinement and asked.confinement not in ("A", limits.confinement):
        return False
    if limits.cost is not None and asked.cost > limits.cost:
        return False
    if limits.workspace is not None and asked.workspace != limits.workspace:
        return False
    text = given.resource
    match given.kind:
        case "any":
            return True
        case "path":
            return Path(text) in (Path(asked.text), *Path(asked.text).parents)
        case "subdomains":
            return asked.text.split(".")[-len(text.split(".")) :] == text.split(".") and asked.text != text
        case "program":
            return asked.resource[0] == text
        case "command":
            return shlex.split(text) == list(asked.resource)
        case _:
            return asked.text == text


def expected(policies: list[Written], grants: list[Grant], asked: Act) -> tuple[str, set[str]]:
    """What has to come out, and the names of the rules that may be named for it."""
    by_outcome: dict[str, list[str]] = {"failed": [], "deny": [], "ask": [], "allow": []}
    for number, policy in enumerate(policies):
        outcome = "deny" if policy.effect == "forbid" else "ask" if policy.ask else "allow"
        found = policy.matches(asked)
        if found is not False:
            by_outcome["failed" if found is None else outcome].append(f"0.cedar#{number + 1}")
    if by_outcome["failed"]:
        return "deny", set(by_outcome["failed"])
    ordered = sorted(grants, key=lambda each: (each.uses_left is not None, each.created_at, each.id))
    for each in ordered:
        if speaks(each, asked):
            by_outcome[each.decision].append(each.rule)
    for outcome in ("deny", "ask", "allow"):
        if by_outcome[outcome]:
            return outcome, {by_outcome[outcome][0]}
    return "ask", {"default"}


FOLDERS = ("/work", "/work-evil", "/work/deep", "/home/me", "/")
HOSTS = ("example.org", "a.example.org", "notexample.org", "example.org.evil.com", "10.0.0.1")
COMMANDS = (("git",), ("git", "status"), ("git", "a b"), ("git", "a", "b"), ("make",))
IDS = st.sampled_from(["", "one", "two"])
PATHS = st.sampled_from([f"{folder}{end}".replace("//", "/") for folder in FOLDERS for end in ("", "/a", "/a/b*")])
ACTS = st.one_of(
    st.tuples(st.sampled_from(["read", "write"]), PATHS),
    st.tuples(st.just("fetch"), st.sampled_from(HOSTS)),
    st.tuples(st.just("run"), st.sampled_from(COMMANDS)),
    st.tuples(st.sampled_from(["call", "use", "load"]), st.sampled_from(["one", "two"])),
)
PEOPLE = st.builds(
    Principal,
    st.sampled_from([1000, 2000]),
    st.sampled_from(["", "coder", "other"]),
    st.sampled_from([frozenset[Any](), frozenset({"owner"}), frozenset({"user", "auditor"})]),
)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    action, what = draw(ACTS)
    return Act(
        principal=draw(PEOPLE),
        action=action,
        resource=what,
        workspace=draw(st.sampled_from(["", "/work", "/home/me"])),
        effect=draw(st.sampled_from(["none", "inside", "outside"])),
        confinement=draw(st.sampled_from(["A", "B", "C", ""])),
        cost=draw(st.sampled_from([0, 1, 10])),
        run=draw(IDS),
        session=draw(IDS),
    )


@st.composite
def written(draw: st.DrawFn) -> Written:
    effect = draw(st.sampled_from(["permit", "permit", "forbid"]))
    kind = draw(st.sampled_from(["always", "effect", "confinement", "beneath", "host", "overflow"]))
    actions = {
        "beneath": st.sampled_from([("read",), ("read", "write")]),
        "host": st.just(("fetch",)),
    }.get(kind, st.sampled_from([(), ("read", "write"), ("run",), ("fetch", "call", "load")]))
    values = {
        "effect": st.sampled_from(["inside", "outside"]),
        "confinement": st.sampled_from(["A", "B"]),
        "beneath": st.sampled_from(FOLDERS[:4]),
        "host": st.sampled_from(HOSTS),
    }
    value = draw(values.get(kind, st.just("")))
    people = st.sampled_from(["anybody", "1000", "2000", "1000/coder", "agents", "owner"])
    ask = effect == "permit" and draw(st.booleans())
    return Written(effect, ask, draw(people), draw(actions), (kind, value))


@st.composite
def some_grants(draw: st.DrawFn) -> list[Grant]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        action, what = draw(ACTS)
        said: str | list[str] = draw(st.sampled_from(what)) if action == "run" and draw(st.booleans()) else what
        said = list(said) if isinstance(said, tuple) else said
        if action == "fetch" and draw(st.booleans()):
            said = draw(st.sampled_from(["*.example.org", "*.org", "*"]))
        if isinstance(said, str) and action in ("read", "write"):
            said = said.replace("*", "")
        scope = draw(st.sampled_from(["always", "always", "once", "run", "session"]))
        found.append(
            grant(
                action,
                said,
                draw(st.sampled_from(["allow", "allow", "ask", "deny"])),
                id=f"g{number}",
                uid=draw(st.sampled_from([1000, 1000, 2000])),
                agent=draw(st.sampled_from(["", "", "coder"])),
                scope=scope,
                bound_to=draw(st.sampled_from(["one", "two"])) if scope in ("run", "session") else "",
                expires_at=draw(
                    st.sampled_from([None, None, "2026-11-22T11:59:59.999999Z", "2026-11-22T12:00:00.000001Z"])
                ),
                uses_left=draw(st.sampled_from([None, None, 0, 1])),
                revoked_at=draw(st.sampled_from([None, None, None, NOW])),
                conditions=Conditions(
                    confinement=draw(st.sampled_from([None, None, "A", "B"])),
                    cost=draw(st.sampled_from([None, None, 1])),
                    workspace=draw(st.sampled_from([None, None, "/work"])),
                ),
            )
        )
    return found


@settings(max_examples=100)
@given(st.lists(written(), max_size=6), some_grants(), st.lists(acts(), min_size=1, max_size=8))
def test_a_hundred_generated_policies_decide_as_the_oracle_does(
    policies: list[Written], grants: list[Grant], asked: list[Act]
) -> None:
    book = ruled("\n".join(policy.text() for policy in policies))
    assert book.problem is None
    policy = Policy(book, grants)
    for each in asked:
        outcome, rules = expected(policies, grants, each)
        decision = policy.decide(each, NOW)
        assert (decision.outcome, decision.rule in rules) == (outcome, True), (each, decision, rules)


@settings(max_examples=100)
@given(some_grants(), acts())
def test_what_is_not_shown_to_cedar_would_have_changed_nothing(grants: list[Grant], asked: Act) -> None:
    holding = [each for each in grants if each.holds(NOW)]
    shown = {each.id for each in Shelves(grants).candidates(asked, NOW)}
    schema = SHIPPED.schema
    known = cedar.entities(asked.principal, schema)
    request = cedar.request(asked, NOW, protected=False)
    # Each by itself: among all of them one that forbids would hide those that permit.
    matching = {each.id for each in holding if cedar.matched(request, cedar.granted([each]), known, schema).ids}
    assert matching <= shown <= {each.id for each in holding}
    assert matching == {each.id for each in holding if speaks(each, asked)}


ONE_ACT = {
    "write": [
        act("write", path) for path in ("/", "/work", "/work/a", "/work/a/b*", "/work-evil", "/work-evil/a", "/w")
    ],
    "fetch": [act("fetch", host) for host in (*HOSTS, "b.a.example.org", "org", "example.organic")],
    "run": [act("run", words, confinement=level) for words in COMMANDS for level in ("A", "B", "C", "")],
    "use": [
        act("use", name, cost=cost, workspace=where)
        for name in ("x", "xy")
        for cost in (0, 1, 2)
        for where in ("", "/w")
    ],
}
ONE_GRANT = [
    *(grant("write", path) for path in ("/", "/work", "/work/a", "*")),
    *(grant("fetch", host) for host in ("example.org", "*.example.org", "*.org", "*")),
    *(grant("run", said) for said in ("git", ["git", "status"], ["git", "a b"], ["git", "a", "b"], "*")),
    *(grant("run", "*", conditions=Conditions(confinement=level)) for level in ("A", "B")),
    *(grant("use", "x", conditions=limits) for limits in (Conditions(cost=1), Conditions(workspace="/w"))),
    *(grant("use", "x", agent=agent) for agent in ("coder", "other")),
    *(grant("use", "x", uid=uid) for uid in (1000, 2000)),
]


@pytest.mark.parametrize("one", ONE_GRANT, ids=lambda one: f"{one.action} {one.resource}")
def test_cedar_alone_finds_for_each_kind_of_grant_exactly_what_it_is_about(one: Grant) -> None:
    made, schema = cedar.granted([one]), SHIPPED.schema
    known = cedar.entities(CODER, schema)
    for asked in ONE_ACT[one.action]:
        found = cedar.matched(cedar.request(asked, NOW, protected=False), made, known, schema)
        assert bool(found.ids) == speaks(one, asked), asked


# What cannot be understood denies


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("permit (principal,", 1, "unexpected end"),
        ("// fine\npermit (principal, action, resource);\n\npermit principal;", 4, "unexpected token"),
        ('\npermit (principal, action == Action::"raed", resource);', 2, "raed"),
        ('permit (principal, action, resource)\nwhen { context.path like "/x/*" };', 1, "path"),
        ('permit (principal == User::"1", action, resource) when { context.efect == Effect::"none" };', 1, "efect"),
        ('permit (principal, action, resource) when { context.effect == Effect::"insde" };', 1, "insde"),
        ('permit (principal, action, resource) when { context.confinement == "A" };', 1, "not compatible"),
        ('forbid (principal in Role::"ownr", action, resource);', 1, "ownr"),
        ('forbid (principal == Agent::"coder", action, resource);', 1, "uid/name"),
        ('forbid (principal in User::"me", action, resource);', 1, "uid"),
        ('forbid (principal in User::"01000", action, resource);', 1, 'User::"1000"'),
        ('forbid (principal, action, resource == Host::"Example.org");', 1, 'Host::"example.org"'),
        ('forbid (principal, action, resource)\nwhen { resource == Path::"/x/../y" };', 1, "goes up"),
        ("permit (principal == ?principal, action, resource);", 1, "template"),
        ('@sometimes("x")\npermit (principal, action, resource);', 1, "@sometimes"),
        ('@decision("allow")\npermit (principal, action, resource);', 1, "@decision"),
        ('@decision("ask")\nforbid (principal, action, resource);', 1, "@decision"),
        ("@id permit (principal, action, resource);", 1, "@id"),
        ('@id("a b") permit (principal, action, resource);', 1, "@id"),
        ('@id("2") permit (principal, action, resource);\npermit (principal, action, resource);', 2, "second"),
        ("permit (principal, action, resource) when { " + "(" * 5000 + "true" + ")" * 5000 + " };", 1, "nested"),
        ("permit (principal, action, resource) when { " + "!" * 50_000 + "true };", 1, "nested"),
        ("permit (principal, action, resource) when { context" + '["run"]' * 20_000 + " };", 1, "nested"),
        ("permit (principal, action, resource) when { " + "true && " * 300 + "true };", 1, ""),
    ],
)
def test_a_text_that_cannot_be_taken_denies_everything_and_names_its_line(text: str, line: int, said: str) -> None:
    book = Rulebook(SCHEMA, [BASE, Source("mine.cedar", text)])
    assert book.problem is not None
    assert said in book.problem.message
    decision = decided(act("audit", "log", OWNER), book=book)
    assert (decision.outcome, decision.rule, decision.source) == ("deny", f"mine.cedar:{line}", "mine.cedar")


def test_a_file_that_cannot_even_be_read_denies_everything() -> None:
    book = Rulebook(SCHEMA, [BASE, Source("mine.cedar", "", "the file cannot be read: Permission denied")])
    decision = decided(act("audit", "log", OWNER), book=book)
    assert (decision.outcome, decision.why) == ("deny", "the file cannot be read: Permission denied")


@pytest.mark.parametrize("effect", ["forbid", "permit"])
def test_a_rule_that_cannot_be_evaluated_denies_and_is_named(effect: str) -> None:
    broken = f'@id("sum") {effect} (principal, action, resource) when {{ context.cost + 9223372036854775807 > 0 }};'
    decision = decided(act("generate", "m", cost=1), "permit (principal, action, resource);", broken)
    assert (decision.outcome, decision.rule) == ("deny", "1.cedar#sum")
    assert "overflow" in decision.why


@settings(max_examples=100)
@given(st.text(st.sampled_from('permit(principal,action,resource)when{};"\\/?@ \n[]!.|'), max_size=200))
@example('permit(principal,action,resource)when{"\\\n((((" == "" };')
@example('permit(principal,action,resource); // "\n"')
def test_any_text_is_either_taken_or_denies(text: str) -> None:
    book = ruled(text)
    decision = decided(act("audit", "log", OWNER), book=book)
    if book.problem is not None:
        assert (decision.outcome, decision.source) == ("deny", "0.cedar")
    else:
        assert len(PolicySet.from_str(text)) == len(book.rules)


def test_the_first_rule_in_order_is_named() -> None:
    both = "permit (principal, action, resource); permit (principal, action, resource);"
    assert decided(act("use", "x"), both, both).rule == "0.cedar#1"
    granted = decided(act("use", "x"), both, both, grants=(grant("use", "x"),))
    assert (granted.rule, granted.granted) == ("0.cedar#1", True)


def test_a_grant_without_end_is_used_before_one_whose_uses_are_counted() -> None:
    counted = grant("use", "x", id="a", uses_left=1, created_at="2020")
    endless = grant("use", "x", id="b")
    assert decided(act("use", "x"), grants=(counted, endless)).rule == "grant#b"
    assert decided(act("use", "x"), grants=(counted,)).counted


def test_what_is_left_out_does_not_decide() -> None:
    one = grant("use", "x", id="a", uses_left=1)
    assert Policy(ruled(), [one]).decide(act("use", "x"), NOW, frozenset({"a"})).rule == "default"


# Nothing in a grant is read as policy

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
SPICY = st.lists(
    st.sampled_from(
        ['"', "\\", "*", "\\*", ";", "//", "\n", "\r", "}", "{", "?principal", "é", "e\u0301", "\u202e", "𝕏"]
    ),
    min_size=1,
    max_size=12,
).map("".join)


@settings(max_examples=100)
@given(TEXTS | SPICY, TEXTS | SPICY)
def test_any_command_in_a_grant_means_exactly_itself(one: str, other: str) -> None:
    given_away = grant("run", [one, other])
    made = cedar.granted([given_away])
    assert len(made) == 1
    # Through Cedar's own text and back, nothing is lost and nothing comes to it.
    (read,) = PolicySet.from_str(str(made)).to_pst().static_policies.values()
    (clause,) = read.clauses
    assert isinstance(clause.expr, pst.BinaryOp)
    assert clause.expr.right == pst.StringLit(shlex.join([one, other]))
    policy = Policy(ruled(), [given_away])
    assert policy.decide(act("run", (one, other)), NOW).outcome == "allow"
    for wrong in ((one,), (one, ""), (one, other, ""), (one, other + "x"), (one + " " + other,), (other, one, one)):
        assert policy.decide(act("run", wrong), NOW).outcome == "ask"


@settings(max_examples=100)
@given(TEXTS | SPICY)
def test_any_folder_in_a_grant_means_itself_and_what_lies_beneath(name: str) -> None:
    folder = "/w/" + name.replace("/", "_").replace("*", "_").strip(".") + "_"
    policy = Policy(ruled(), [grant("write", folder)])
    for path in (folder, folder + "/", folder + "/a", folder + "//a/./*"):
        assert policy.decide(act("write", path), NOW).outcome == "allow"
    for path in (folder + "x", "/w", "/w/x" + folder, folder[:-1] + "-"):
        assert policy.decide(act("write", path), NOW).outcome == "ask"


# What is the same is written the same


@pytest.mark.parametrize("path", ["", "a", "./a", "/a/../b", "/..", "/a\0b", "~/a", "/\ud800", "/" + "a" * 5000])
def test_a_path_that_may_mean_another_place_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        resource.path(path)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=8))
def test_a_normal_path_stays_as_it_is(parts: list[str]) -> None:
    text = "/" + "/".join(parts)
    if ".." in text.split("/"):
        return
    normal = resource.path(text)
    assert resource.path(normal) == normal
    assert normal == str(Path("/", text.lstrip("/")))
    assert list(resource.above(normal)) == [str(each) for each in (Path(normal), *Path(normal).parents)]


@pytest.mark.parametrize(
    ("said", "normal"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ＥＸＡＭＰＬＥ。org", "example.org"),
        ("10.0.0.1", "10.0.0.1"),
        ("::FFFF:10.0.0.1", "10.0.0.1"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_a_host_has_one_form(said: str, normal: str) -> None:
    assert resource.host(said) == normal
    assert resource.host(normal) == normal


@pytest.mark.parametrize(
    "said",
    ["", ".", "a..b", "example.org:80", "user@example.org", "http://example.org", "127.1", "0x7f.0.0.1", "2130706433",
     "010.0.0.1", "1.2.3.4.5", "fe80::1%eth0", "a b", "exa\0mple", "-a.org", "a_b.org", "*.org", "[10.0.0.1", "a.0x1"],
)  # fmt: skip
def test_what_a_resolver_may_take_for_another_host_is_refused(said: str) -> None:
    with pytest.raises(InvalidRequest):
        resource.host(said)


@given(st.ip_addresses())
def test_addresses_stay_addresses(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    normal = resource.host(str(address))
    assert resource.host(normal) == normal
    assert list(resource.domains(normal)) == []


def test_a_domain_is_the_names_below_it_and_nothing_that_looks_like_it() -> None:
    below = (grant("fetch", "*.example.com"),)
    for host, outcome in {
        "a.example.com": "allow",
        "b.a.EXAMPLE.com.": "allow",
        "example.com": "ask",
        "notexample.com": "ask",
        "example.com.evil.org": "ask",
        "a.example.community": "ask",
    }.items():
        assert decided(act("fetch", host), grants=below).outcome == outcome


def test_a_program_is_not_another_of_the_same_beginning() -> None:
    program = (grant("run", "git"),)
    assert decided(act("run", ("git", "push", "--force")), grants=program).outcome == "allow"
    for other in (("./git",), ("gitk",), ("/usr/bin/git",), ("git push",), ("Git",)):
        assert decided(act("run", other), grants=program).outcome == "ask"


def test_where_a_file_lies_is_what_its_path_says_and_not_what_somebody_says() -> None:
    assert act("write", "/etc/passwd", effect="inside", workspace="/work").effect == "outside"
    assert act("write", "/etc/passwd", effect="inside").effect == "outside"
    assert act("write", "/work/x", effect="none", workspace="/work/").effect == "inside"


@pytest.mark.parametrize(
    ("action", "what", "param"),
    [("raed", "/x", "action"), ("read", "x", "resource"), ("run", (), "resource"), ("run", ("",), "resource"),
     ("call", "a b", "resource"), ("call", "раypal", "resource"), ("fetch", ("a", "b"), "resource")],
)  # fmt: skip
def test_an_act_that_makes_no_sense_is_refused(action: str, what: str | tuple[str, ...], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        act(action, what)
    assert refused.value.param == param


def test_a_misspelt_action_gets_a_suggestion() -> None:
    with pytest.raises(InvalidRequest, match="raed") as refused:
        act("raed", "/x")
    assert "read" in refused.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "configure"},
        {"scope": "run"},
        {"bound_to": "x"},
        {"scope": "once", "uses": 2},
        {"decision": "deny", "uses": 2},
        {"decision": "ask", "scope": "once"},
        {"seconds": 0.0},
        {"seconds": 1e12},
        {"uses": 0},
        {"agent": "../x"},
        {"agent": "a/b"},
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"decision": "allow", "uid": 1000, "action": "use", "pattern": Pattern("name", "x")}
    Wish(**usual)
    with pytest.raises(InvalidRequest):
        Wish(**usual | wrong)


@pytest.mark.parametrize(
    ("action", "said"),
    [("write", "/home/*.py"), ("write", "rel"), ("fetch", "*.10.0.0.1"), ("fetch", "a.*.org"), ("fetch", "*."),
     ("fetch", "**"), ("call", "git*"), ("run", []), ("call", ["a"])],
)  # fmt: skip
def test_a_pattern_that_would_not_mean_what_it_looks_like_is_refused(action: str, said: str | list[str]) -> None:
    with pytest.raises(InvalidRequest):
        Pattern.of(action, said)


@settings(max_examples=50)
@given(some_grants())
def test_every_grant_fits_the_schema(grants: list[Grant]) -> None:
    for each in grants:
        cedar.check(each, SHIPPED.schema)
