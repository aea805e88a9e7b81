"""The staircase: the only file that constructs anything long-lived, opened top to bottom and closed bottom to top."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import importlib.metadata
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import structlog

from tektra_models.catalog import Catalog
from tektra_models.errors import ModelError
from tektra_models.starter import MODEL_NAME
from tektrad.agents.agents import Agents
from tektrad.agents.door import Door
from tektrad.agents.host import KIND, Host
from tektrad.agents.leftovers import Leftovers
from tektrad.agents.own_tools import OwnTools
from tektrad.agents.results import Results
from tektrad.agents.spare import Guests
from tektrad.agents.tool import Tool
from tektrad.agents.toolbox import Toolbox
from tektrad.agents.tools import change, fetch, look, own, people, programs, sub_agent
from tektrad.agents.tools import mcp as mcp_tools
from tektrad.agents.tools import notes as note_tools
from tektrad.agents.tools.now import Now
from tektrad.agents.tools.sqlite import Sqlite
from tektrad.agents.workspaces import Workspaces
from tektrad.api.app import create_app
from tektrad.api.listening import listening
from tektrad.api.server import serving
from tektrad.api.services import Services
from tektrad.chat.conversations import Conversations
from tektrad.chat.turn import Turns
from tektrad.clock import Clock, SystemClock
from tektrad.config import Settings
from tektrad.errors import AlreadyRunning, CannotStart, StoreFailed
from tektrad.events import Events
from tektrad.history import History
from tektrad.logs import redact_with
from tektrad.mcp.mcp import Mcp
from tektrad.mcp.servers import Servers
from tektrad.memory.notes import Notes
from tektrad.notify import notify_systemd
from tektrad.paths import Paths
from tektrad.pool.devices import Devices
from tektrad.pool.measured import Measured
from tektrad.pool.pool import Pool
from tektrad.pool.sampler import Sampler
from tektrad.pool.tuned import Tuned
from tektrad.runs.runner import Runner
from tektrad.runs.runs import Runs
from tektrad.sandbox.sandbox import Sandbox
from tektrad.store.db import open_store
from tektrad.trust.alarms import Alarms
from tektrad.trust.audit import open_audit
from tektrad.trust.consent import Consent
from tektrad.trust.grants import Grants
from tektrad.trust.judge import Judge
from tektrad.trust.keys import opened_key
from tektrad.trust.lookout import Lookout
from tektrad.trust.mfa import Mfa
from tektrad.trust.news import news
from tektrad.trust.policy_changes import PolicyChanges
from tektrad.trust.policy_files import PolicyFiles
from tektrad.trust.reading import AuditReader
from tektrad.trust.secrets import Secrets
from tektrad.trust.statements import Head
from tektrad.trust.users import Users
from tektrad.trust.vault import Vault

Report = Callable[[str], None]
ABANDONED_S = 14 * 24 * 3600.0
"""After which an unfinished download is removed."""

log = structlog.get_logger()


async def serve(settings: Settings, paths: Paths, report: Report) -> None:
    """Run the daemon until SIGTERM or SIGINT; `report` hears each step, "ready" last. Raises CannotStart."""
    clock = SystemClock()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # it would hold keys
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async with contextlib.AsyncExitStack() as stairs:
        report("locking the data directory")
        stairs.enter_context(locked(paths))
        report("opening the store")
        store = await stairs.enter_async_context(open_store(paths.database))
        report("opening the audit log")
        version = importlib.metadata.version("tektra-cli")
        reader = AuditReader(store)
        begun = await reader.head() != Head()
        key = await asyncio.to_thread(opened_key, paths.audit_key, paths.audit_public_key, begun)
        began = {"version": version, "settings": settings.model_dump(mode="json", exclude_defaults=True)}
        audit = await stairs.enter_async_context(open_audit(store, clock, key, began))
        alarms, events = Alarms(audit, clock), Events(clock)
        lookout = Lookout(alarms, clock)
        await stairs.enter_async_context(lookout.watching())
        audit.told_to(news(events))
        audit.told_to(lookout.written)
        alarms.heard_by(lookout.sounded)
        report("opening the vault")
        vault = Vault(store, clock, paths.keys_dir, settings.secrets_key)
        secrets, mfa = Secrets(store, clock, audit, vault), Mfa(store, clock, audit, alarms, vault)
        redact_with(secrets.redact)
        audit.redact_with(secrets.redact)
        await vault.recover()
        conversations = Conversations(store, clock, audit, os.getuid())
        interrupted = await conversations.recover()
        report("reading the policies")
        users = Users(store, clock, audit, os.getuid(), shared=bool(settings.shared_group))
        await users.recall()
        grants = Grants(store, clock, audit)
        policies = PolicyChanges(store, audit, PolicyFiles(paths.policies_dir))
        judge = Judge(store, grants, clock, policies, protected(paths), users)
        with contextlib.suppress(StoreFailed):  # on a full disk nothing is decided, but the daemon answers
            await judge.rulebook()
        consent = Consent(store, clock, audit, alarms, grants, judge, secrets.redact, events)
        await stairs.enter_async_context(consent.expiring())
        report("looking at the models")
        catalog = Catalog(paths.models_dir)
        await asyncio.to_thread(sweep, catalog)
        tuned = Tuned(store, clock)
        await tuned.recall()
        pool = await stairs.enter_async_context(
            opened(
                Pool(
                    catalog,
                    settings,
                    clock,
                    paths.states_dir,
                    Measured(store, clock),
                    tuned,
                    Devices(settings.devices),
                    events,
                )
            )
        )
        history = History()
        await stairs.enter_async_context(Sampler(pool, history, clock).sampling())
        default_model = settings.default_model or MODEL_NAME
        notes = Notes(store, clock, audit, secrets)
        agents, runs = Agents(store, clock, audit, notes), Runs(store, clock, audit, events)
        runs.told_of_ends(consent.withdraw)
        sandbox = Sandbox(paths.sandbox_dir, protected(paths), workspaces=paths.workspaces_dir)
        workspaces = Workspaces(sandbox.workspaces or paths.workspaces_dir, clock)
        await workspaces.resume()
        own_tools = OwnTools(store, clock, audit)
        mcp = Mcp(Servers(store, clock, audit), sandbox, secrets, audit, alarms)
        await stairs.enter_async_context(mcp.running())
        toolbox = Toolbox(
            built_in_tools(sandbox, clock, settings),
            {
                "file": functools.partial(own.given, sandbox, own_tools),
                "agent": functools.partial(sub_agent.given, agents),
                "mcp": functools.partial(mcp_tools.given, mcp),
            },
            note_tools.tools(notes, agents),
        )
        door = Door(pool, judge, consent, audit, Results(store), notes, default_model, settings.answer_wait)
        guests = Guests(sandbox, clock)
        await stairs.enter_async_context(guests.kept())
        host = Host(agents, toolbox, door, sandbox, workspaces, guests, clock)
        runner = Runner(runs, paths.runs_database, {KIND: host})
        services = Services(
            version=version,
            paths=paths,
            clock=clock,
            events=events,
            catalog=catalog,
            pool=pool,
            history=history,
            tuned=tuned,
            conversations=conversations,
            agents=agents,
            notes=notes,
            own_tools=own_tools,
            toolbox=toolbox,
            runs=runs,
            runner=runner,
            leftovers=Leftovers(workspaces, runs, audit, clock),
            turns=Turns(pool, conversations, audit, secrets, clock, default_model),
            sandbox=sandbox,
            mcp=mcp,
            audit=audit,
            audit_reader=reader,
            alarms=alarms,
            grants=grants,
            judge=judge,
            policies=policies,
            consent=consent,
            vault=vault,
            secrets=secrets,
            mfa=mfa,
            users=users,
            default_model=default_model,
            started_at=clock.now(),
            started=clock.monotonic(),
        )
        report("binding the socket")
        sock = await stairs.enter_async_context(listening(paths.socket, settings.shared_group, clock, alarms))
        await stairs.enter_async_context(serving(create_app(services), sock))
        async with runner.running():  # runs rest before their models go
            report("ready")
            events.publish("daemon.state", {"state": "ready"})
            notify_systemd("READY=1")
            log.info("ready", pid=os.getpid(), socket=str(paths.socket), interrupted_answers=interrupted)
            await stop.wait()
            services.state = "draining"
            events.publish("daemon.state", {"state": "draining"})
            events.close()
            notify_systemd("STOPPING=1")
            log.info("stopping", requests_running=services.requests_running)
            with contextlib.suppress(TimeoutError):
                if services.requests_running:
                    await asyncio.wait_for(services.idle.wait(), settings.drain)
        await pool.close()  # ends what still runs, so that its clients hear why
    log.info("stopped")


def built_in_tools(sandbox: Sandbox, clock: Clock, settings: Settings) -> list[Tool]:
    """The tools that come with Tektra, each with what it needs."""
    fetching = fetch.Fetch(sandbox, fetch.Bounds(settings.private_hosts))
    return [
        *look.TOOLS,
        *change.TOOLS,
        *programs.tools(sandbox),
        *people.TOOLS,
        fetching,
        Sqlite(sandbox),
        Now(clock),
    ]


def sweep(catalog: Catalog) -> None:
    """Remove downloads that nobody went on with for two weeks; what cannot be removed is no reason not to start."""
    try:
        for name in catalog.sweep(time.time() - ABANDONED_S):
            log.info("unfinished download removed, nobody went on with it", file=name)
    except ModelError as error:
        log.warning("unfinished downloads could not be removed", why=error.message)


def protected(paths: Paths) -> list[Path]:
    """The folders that hold what a confined program must never reach: the socket, the store, settings, logs, caches."""
    return [paths.config_file.parent, paths.data_dir, paths.state_dir, paths.cache_dir, paths.socket.parent]


@contextlib.asynccontextmanager
async def opened(pool: Pool) -> AsyncIterator[Pool]:
    """Close the pool at the end: every worker stops."""
    try:
        yield pool
    finally:
        await pool.close()


@contextlib.contextmanager
def locked(paths: Paths) -> Iterator[None]:
    """Make the data directory ours alone; raises AlreadyRunning or CannotStart."""
    try:
        paths.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(paths.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(
            f"the data directory {paths.data_dir} cannot be used: {error.strerror}",
            "Make it writable, or set TEKTRA_DATA_DIR to another one.",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise AlreadyRunning(f"another daemon owns {paths.data_dir}", "tektra daemon status shows it.") from error
    try:
        yield
    finally:
        os.close(lock)
