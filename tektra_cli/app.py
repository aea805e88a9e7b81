"""The command tree: a static table of names and one-line helps; a command's module is imported when it is used.

A test proves that the table and the modules agree.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from tektra_cli import __version__, output

CONTEXT: dict[str, Any] = {"help_option_names": ["--help", "-h"]}


@dataclass(frozen=True)
class Leaf:
    """A command: `module:function` below tektra_cli.commands, and its help on one line."""

    target: str
    summary: str
    example: str = ""
    takes_words: bool = False
    """Whether options that are none of its own belong to a command that it is given: `ask run rm -r build`."""

    def function(self) -> Callable[..., Any]:
        """Import the module and find the command in it."""
        module, name = self.target.split(":")
        found: Callable[..., Any] = getattr(importlib.import_module(f"tektra_cli.commands.{module}"), name)
        return found

    def build(self, name: str) -> Any:
        """The command as Typer runs it."""
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = CONTEXT | {"ignore_unknown_options": True} if self.takes_words else CONTEXT
        single.command(name, context_settings=settings, epilog=_example(self.example))(self.function())
        return get_command(single)


@dataclass(frozen=True)
class Branch:
    """A group of commands."""

    summary: str
    entries: Mapping[str, Leaf]
    example: str

    def build(self, name: str) -> Any:
        """The group, its commands still unloaded."""
        group = LazyGroup(
            name=name,
            help=self.summary,
            epilog=_example(self.example),
            no_args_is_help=True,
            rich_markup_mode=None,
            context_settings=CONTEXT,
        )
        group.entries = self.entries
        return group


TREE: Mapping[str, Leaf | Branch] = {
    "chat": Leaf(
        "chat:chat",
        "Talk to a model: interactive, or one answer to PROMPT.",
        'git diff | tektra chat "Write a commit message"',
    ),
    "models": Branch(
        "Get, inspect, load and remove models.",
        {
            "list": Leaf("models.look:list_models", "List the models on this machine."),
            "show": Leaf("models.look:show", "Show one model: facts, estimate of memory, metadata."),
            "import": Leaf("models.keep:import_model", "Add a GGUF file or a model's folder from this machine."),
            "adapt": Leaf("models.keep:adapt", "Make a model of another one and LoRA adapters."),
            "rm": Leaf("models.keep:remove", "Remove a model; a linked file itself is never deleted."),
            "load": Leaf("models.memory:load", "Load a model into memory before it is needed."),
            "unload": Leaf("models.memory:unload", "Take a model out of memory."),
            "ps": Leaf("models.look:ps", "List the models in memory; never starts the daemon."),
            "devices": Leaf("models.look:devices", "List what models can be computed on: processor and GPUs."),
            "quantize": Leaf("models.quantize:quantize", "Write a model in fewer bits a weight."),
            "tune": Leaf("models.tune:tune", "Find out which type and settings are fastest on this machine."),
            "pull": Leaf("models.pull:pull", "Download a model from the hub; goes on where it stopped."),
        },
        "tektra models pull Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m",
    ),
    "status": Leaf(
        "overview:status", "Say at one glance what goes on; never starts the daemon.", "tektra status --watch"
    ),
    "top": Leaf("overview:top", "Watch models, requests and runs at work."),
    "ps": Leaf("models.look:ps", "List the models in memory; never starts the daemon."),
    "rerank": Leaf(
        "rerank:rerank",
        "Sort texts by how well they answer a question.",
        'tektra rerank "how do I stop it?" docs/*.md -m bge-reranker --top 3',
    ),
    "conversations": Branch(
        "Read, search, rename, export and remove conversations.",
        {
            "list": Leaf("conversations:list_conversations", "List conversations, newest first."),
            "show": Leaf("conversations:show", "Print one conversation."),
            "search": Leaf("conversations:search", "Search the text of all conversations."),
            "export": Leaf("conversations:export", "Write one conversation as Markdown, JSON or text."),
            "rename": Leaf("conversations:rename", "Give a conversation another title."),
            "pin": Leaf("conversations:pin", "Keep a conversation above all others in lists."),
            "unpin": Leaf("conversations:unpin", "List a conversation by its age again."),
            "branch": Leaf("conversations:branch", "Begin a new conversation with what was said in this one."),
            "rm": Leaf("conversations:remove", "Remove a conversation."),
        },
        "tektra conversations export latest --output chat.md",
    ),
    "sandbox": Branch(
        "Run programs confined, and see what confines them.",
        {
            "run": Leaf(
                "sandbox:run",
                "Run a program confined to one folder.",
                "tektra sandbox run --dir . -- python3 script.py",
            ),
            "probe": Leaf("sandbox:probe", "Say what confines programs on this machine."),
        },
        "tektra sandbox run -- ls -la",
    ),
    "audit": Branch(
        "See what happened here, and prove it.",
        {
            "list": Leaf("audit.look:list_entries", "List what happened, newest first."),
            "tail": Leaf("audit.look:tail", "Show the last entries, and go on with new ones."),
            "show": Leaf("audit.look:show", "Show one entry."),
            "search": Leaf("audit.look:search", "Find entries that hold all words."),
            "stats": Leaf("audit.look:stats", "Count entries by kind, outcome and user."),
            "verify": Leaf("audit.prove:verify", "Check that nothing was changed, removed or put in."),
            "export": Leaf("audit.prove:export", "Write the log to a file that can be verified anywhere."),
            "prune": Leaf("audit.prove:prune", "Remove old entries, and sign that they were removed."),
        },
        "tektra audit list --since 2h --kind model",
    ),
    "tui": Leaf(
        "tui:tui",
        "See and do everything in one terminal screen.",
        "tektra tui runs",
    ),
    "web": Leaf(
        "web:web",
        "See and do everything in a browser on this machine, until ^C.",
        "tektra web --port 8200",
    ),
    "events": Leaf(
        "events:events",
        "Follow what happens, as it happens, until ^C.",
        "tektra events --type alert --type ask",
    ),
    "agents": Branch(
        "Say what agents are; every change is a version that stays.",
        {
            "create": Leaf(
                "agents.make:create",
                "Make an agent.",
                'tektra agents create notes --tool read --tool search --instructions "Answer from my notes."',
            ),
            "list": Leaf("agents.look:list_agents", "List your agents, and those that come with Tektra."),
            "show": Leaf("agents.look:show", "Show one agent: instructions, tools, limits."),
            "edit": Leaf(
                "agents.make:edit",
                "Change an agent by flags or in your editor; the earlier version stays.",
                "tektra agents edit notes --steps 40",
            ),
            "rm": Leaf("agents.make:remove", "Remove an agent with its notes; its versions stay."),
            "notes": Leaf(
                "agents.notes:notes",
                "Show what an agent with memory has noted in its runs.",
                'tektra agents notes mine --search "staging database"',
            ),
            "forget": Leaf("agents.notes:forget", "Take notes of an agent away.", "tektra agents forget mine 3 5"),
            "versions": Leaf("agents.history:versions", "List the versions of an agent, the newest first."),
            "diff": Leaf("agents.history:diff", "Show what differs between two versions of an agent."),
            "rollback": Leaf("agents.history:rollback", "Make an earlier version of an agent the current one."),
            "export": Leaf(
                "agents.look:export", "Write an agent as a TOML file.", "tektra agents export files > files.toml"
            ),
            "import": Leaf("agents.make:import_agent", "Make an agent, or its next version, from a TOML file."),
        },
        "tektra agents edit files",
    ),
    "run": Leaf(
        "runs.begin:run",
        "Let an agent do a task in a folder, and watch it.",
        'tektra run files "how many lines are in notes.txt?" --dir ~/notes',
    ),
    "runs": Branch(
        "See what agents did, and take it over or not.",
        {
            "list": Leaf("runs.look:list_runs", "List your runs, the newest first."),
            "show": Leaf("runs.look:show", "Show a run: its steps, and what became of it."),
            "diff": Leaf("runs.changes:diff", "Show what a run changed.", "tektra runs diff abc123 | less -R"),
            "apply": Leaf(
                "runs.changes:apply",
                "Write what a run changed into the folder: all of it, or only some paths.",
                "tektra runs apply abc123 src --theirs src/config.toml",
            ),
            "drop": Leaf("runs.changes:drop", "Forget what a run changed; there is no undo."),
            "attach": Leaf(
                "runs.watch:attach", "Watch a run from its beginning, or from an event on; ^C leaves it alone."
            ),
            "events": Leaf(
                "runs.look:events",
                "Print the events of a run with their numbers, as they are.",
                "tektra runs events abc123 --follow | jq .type",
            ),
            "cancel": Leaf("runs.look:cancel", "End a run now."),
            "retry": Leaf(
                "runs.again:retry",
                "Do a run once more, as another run: from its beginning, or from one of its steps on.",
                "tektra runs retry abc123 --from 3",
            ),
            "resume": Leaf(
                "runs.again:resume", "Go on with a run that failed or was cancelled, behind its last finished step."
            ),
            "unstick": Leaf(
                "runs.again:unstick",
                "Take up your runs that have not ended and that nobody does, and say why that was so.",
            ),
        },
        "tektra runs diff abc123",
    ),
    "tools": Branch(
        "Give agents tools of your own, after a look at them.",
        {
            "check": Leaf(
                "tools:check",
                "Read a tool's source for risks, and run it once in confinement.",
                "tektra tools check my_tool.py",
            ),
            "add": Leaf("own_tools:add", "Keep the tools of a Python file, after a look at them."),
            "list": Leaf("own_tools:list_tools", "List your own tools, and those that come with Tektra."),
            "show": Leaf("own_tools:show", "Show one tool of your own: parameters, limits, source."),
            "enable": Leaf("own_tools:enable", "Let agents use a tool of your own again."),
            "disable": Leaf("own_tools:disable", "Let no agent use a tool of your own, also in runs that go on."),
            "rm": Leaf("own_tools:remove", "Forget a tool of your own."),
        },
        "tektra tools add my_tool.py",
    ),
    "mcp": Branch(
        "Let agents use tools of MCP servers, as they were approved.",
        {
            "add": Leaf(
                "mcp:add",
                "Add an MCP server: look at its tools, and approve them.",
                "tektra mcp add time --dir ~/mcp -- venv/bin/python -m mcp_server_time",
            ),
            "list": Leaf("mcp:list_servers", "List your MCP servers, and whether their tools may be called."),
            "tools": Leaf("mcp:tools", "Show the tools of an MCP server, and what changed since they were approved."),
            "check": Leaf("mcp:check", "Start an MCP server, and see whether it offers what was approved."),
            "approve": Leaf("mcp:approve", "Look at what an MCP server offers now, and approve it."),
            "rm": Leaf("mcp:remove", "Remove an MCP server."),
        },
        "tektra mcp add issues https://example.org/mcp --header Authorization=secret:ISSUES_TOKEN",
    ),
    "permissions": Branch(
        "Say what is allowed, and see which rule decides.",
        {
            "list": Leaf("permissions:list_permissions", "List what was granted, and what rules hold."),
            "grant": Leaf(
                "permissions:grant",
                "Allow something, deny it, or be asked about it from now on.",
                "tektra permissions grant allow write ~/project --agent coder --expires 7d",
            ),
            "revoke": Leaf("permissions:revoke", "End a grant; it stays in list --all."),
            "test": Leaf(
                "permissions:try_act",
                "Say what would be decided about an act, and which rule decides; nothing is done.",
                "tektra permissions test write /etc/passwd --agent coder",
                takes_words=True,
            ),
            "files": Leaf("policies:files", "List the policy files, and where they lie."),
            "edit": Leaf(
                "policies:edit",
                "Change a policy file in your editor, or make one; it is checked before it takes the old one's place.",
                "tektra permissions edit no-keys",
            ),
            "ask": Leaf(
                "permissions:ask",
                "Ask whether an act may be done now, once, and wait for a person where the policy wants one.",
                "tektra permissions ask run rm -r build --agent coder && rm -r build",
                takes_words=True,
            ),
        },
        "tektra permissions grant deny fetch '*.example.org'",
    ),
    "approvals": Branch(
        "Answer what agents and scripts ask you.",
        {
            "list": Leaf("approvals:list_asks", "List what waits for your answer, the oldest first."),
            "show": Leaf("approvals:show", "Show exactly what would be done, and why you are asked."),
            "allow": Leaf("approvals:allow", "Allow exactly what was asked."),
            "deny": Leaf("approvals:deny", "Deny it."),
        },
        "tektra approvals allow 7k2 --run",
    ),
    "secrets": Branch(
        "Keep passwords and tokens for tools, sealed.",
        {
            "set": Leaf("secrets:set_secret", "Keep a value under a name; it comes from stdin or a hidden prompt."),
            "list": Leaf("secrets:list_secrets", "List secrets by name; never their values."),
            "rm": Leaf("secrets:remove", "Remove a secret."),
            "rotate": Leaf("secrets:rotate", "Seal all secrets with a fresh key."),
            "show": Leaf("secrets:show", "Print a secret's value."),
            "lock": Leaf("secrets:lock", "Forget the key until somebody gives the passphrase again."),
            "unlock": Leaf("secrets:unlock", "Open the vault with its passphrase, or choose the first one."),
        },
        "pass show github | tektra secrets set GITHUB_TOKEN",
    ),
    "mfa": Branch(
        "Ask for a code of an authenticator before sensitive acts.",
        {
            "enroll": Leaf("mfa:enroll", "Enroll an authenticator: a QR code, a first code, recovery codes."),
            "status": Leaf("mfa:status", "Say whether codes are asked for."),
            "disable": Leaf("mfa:disable", "Ask for codes no more; needs one."),
        },
        "tektra mfa enroll",
    ),
    "users": Branch(
        "Say who may use a shared daemon, and as what.",
        {
            "list": Leaf("users:list_users", "List who may connect, and as what."),
            "add": Leaf(
                "users:add", "Let somebody connect, or change their role.", "tektra users add anna --role operator"
            ),
            "rm": Leaf("users:remove", "Let somebody connect no more; their conversations stay theirs."),
        },
        "tektra users add anna --role operator",
    ),
    "daemon": Branch(
        "Start, stop and watch the daemon.",
        {
            "start": Leaf("daemon:start", "Start the daemon, if it does not run."),
            "stop": Leaf("daemon:stop", "Stop the daemon and wait for its end."),
            "status": Leaf("daemon:status", "Say how the daemon is; never starts it."),
            "logs": Leaf("logs:logs", "Print the daemon's log."),
        },
        "tektra daemon logs --follow",
    ),
    "doctor": Leaf("doctor:doctor", "Check this installation and say how to mend it."),
    "version": Leaf("version:version", "Print versions of the command, the daemon and the engine."),
    "paths": Leaf("paths:paths", "Print where everything lies."),
}


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and helps from a table and imports a command when it is called."""

    entries: Mapping[str, Leaf | Branch] = MappingProxyType({})

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """In the table's order."""
        return list(self.entries)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Build the command on first use."""
        entry = self.entries.get(cmd_name)
        if entry is not None and cmd_name not in self.commands:
            self.commands[cmd_name] = entry.build(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Names from the table are suggested for a misspelt one, though nothing is loaded yet."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.entries)
            ctx.fail(f'no command "{args[0]}".' + (f" Did you mean {' or '.join(near)}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """The table as help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])


class RootGroup(LazyGroup):
    """`tektra` itself."""

    entries = TREE


def _example(command: str) -> str | None:
    return f"Example: {command}" if command else None


def _print_version(wanted: bool) -> None:
    if wanted:
        output.text(f"tektra {__version__}")
        raise typer.Exit


def tektra(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run AI models on your own machine."""


def build() -> Any:
    """The whole tree, nothing of it loaded but the root."""
    root = typer.Typer(
        cls=RootGroup,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=CONTEXT,
        epilog=_example('tektra chat "What is Tektra?"'),
    )
    root.callback()(tektra)
    return get_command(root)
