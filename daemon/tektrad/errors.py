"""What can go wrong in the daemon, one tree. Errors of models, files and workers are in tektra_models.errors.

TektraError
├── InvalidRequest          the client's mistake (param names the field)
├── Forbidden               the peer may not do this
├── Unconfined              nothing here confines a program, so none is run
├── CodeNeeded              this asks for a second factor's code
├── WrongCode               it is not the code, or it was used already
├── TooManyTries            five wrong codes in fifteen minutes
├── VaultLocked             the vault waits for its passphrase
├── WrongPassphrase         it is not the vault's
├── KeyUnusable             the master key is missing, or others could have read or changed it
├── KeyringFailed           the system's keyring does not answer
├── SecretDamaged           what is sealed was changed, or sealed with another key
├── NotFound
│   ├── ConversationNotFound
│   ├── GrantNotFound
│   ├── PolicyNotFound
│   ├── RunNotFound
│   ├── NoWorkspace         a run that has left no changes
│   ├── AskNotFound
│   ├── SecretNotFound
│   ├── AgentNotFound
│   ├── ToolNotFound
│   ├── NoteNotFound
│   ├── McpNotFound
│   └── UserNotFound
├── PolicyChanged           somebody else changed the policy file meanwhile
├── AgentChanged            somebody else changed the agent meanwhile
├── AgentExists             there is an agent of that name already
├── McpExists               there is an MCP server of that name already
├── McpChanged              an MCP server does not offer what was approved
├── McpFailed               an MCP server cannot be reached, or says what nobody understands
├── AlreadyAnswered         somebody else's answer came first, or the time is over
├── WorkspaceTooLarge       a folder does not fit into a private copy
├── WorkspaceConflict       the original has changed while a copy of it was worked on
├── RunNotEnded             not while the run is under way
├── ConversationBusy        a turn is already running there
├── ModelInUse              not while somebody uses it
├── Busy                    the queue is full
├── GuestFailed             an agent's process ended, or said what nobody understands
│   └── GuestDied           it was killed from outside
├── RunDiverged             a run that begins anew asks for something else than before
├── LimitReached            a run has used what it may use
├── KeepsFailing            it failed too often just now
├── NoMemory                needs more than can be freed
├── TimedOut                waited longer than allowed
├── Draining                the daemon is stopping
├── StoreFailed             SQLite could not read or write
│   └── StoreFull           … because the disk is full
└── CannotStart             the daemon cannot open what it needs
    └── AlreadyRunning      another daemon owns the data directory

A message says what happened and to what; `hint` says what to do next. Only api/render.py knows HTTP statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class TektraError(Exception):
    """Root of the daemon's errors."""

    code = "internal"
    details: Mapping[str, Any] = MappingProxyType({})
    """What a program needs to know beyond the message, where there is something."""

    def __init__(
        self, message: str, hint: str = "", *, param: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param = param
        self.retry_after = retry_after


class InvalidRequest(TektraError):
    """The client sent something that cannot be honoured."""

    code = "invalid_request"


class Forbidden(TektraError):
    """The peer may not do this."""

    code = "forbidden"


class Unconfined(TektraError):
    """No confinement holds on this machine."""

    code = "unconfined"


class CodeNeeded(TektraError):
    """A second factor's code has to come with this."""

    code = "code_needed"


class WrongCode(TektraError):
    """It is not the code, or it was used already."""

    code = "wrong_code"


class TooManyTries(TektraError):
    """Too many wrong codes in too short a time."""

    code = "too_many_tries"


class VaultLocked(TektraError):
    """The vault's key is not known before somebody gives its passphrase."""

    code = "vault_locked"


class WrongPassphrase(TektraError):
    """It is not the vault's passphrase."""

    code = "wrong_passphrase"


class KeyUnusable(TektraError):
    """The master key is missing, or others could have read or changed it."""

    code = "key_unusable"


class KeyringFailed(TektraError):
    """The system's keyring does not answer, or refuses."""

    code = "keyring_failed"


class SecretDamaged(TektraError):
    """What is sealed was changed, or was sealed with another key."""

    code = "secret_damaged"


class NotFound(TektraError):
    """No such thing."""

    code = "not_found"


class ConversationNotFound(NotFound):
    """No conversation of that id."""

    code = "conversation_not_found"


class GrantNotFound(NotFound):
    """No grant of that id."""

    code = "grant_not_found"


class PolicyNotFound(NotFound):
    """No policy file of that name."""

    code = "policy_not_found"


class RunNotFound(NotFound):
    """No run of that id."""

    code = "run_not_found"


class NoWorkspace(NotFound):
    """A run has left no changes, or none any more."""

    code = "no_workspace"


class AskNotFound(NotFound):
    """No ask of that id, for who wants to answer it."""

    code = "ask_not_found"


class PolicyChanged(TektraError):
    """The policy file is not the one that was looked at."""

    code = "policy_changed"


class AlreadyAnswered(TektraError):
    """The ask was answered before, or has expired."""

    code = "already_answered"


class SecretNotFound(NotFound):
    """No secret of that name."""

    code = "secret_not_found"


class AgentNotFound(NotFound):
    """No agent of that name, or no such version of it, for who asks."""

    code = "agent_not_found"


class ToolNotFound(NotFound):
    """Who asks has no tool of that name."""

    code = "tool_not_found"


class AgentChanged(TektraError):
    """The agent's current version is not the one that was looked at."""

    code = "agent_changed"


class AgentExists(TektraError):
    """There is an agent of that name already."""

    code = "agent_exists"


class NoteNotFound(NotFound):
    """No such note of this agent."""

    code = "note_not_found"


class McpNotFound(NotFound):
    """No MCP server of that name, or no such tool of it, for who asks."""

    code = "mcp_not_found"


class McpExists(TektraError):
    """There is an MCP server of that name already."""

    code = "mcp_exists"


class McpChanged(TektraError):
    """What an MCP server offers is not what a person approved, or looked at."""

    code = "mcp_changed"


class McpFailed(TektraError):
    """An MCP server cannot be started or reached, ended, took too long, or says what nobody understands."""

    code = "mcp_failed"


class UserNotFound(NotFound):
    """No user of that uid may connect."""

    code = "user_not_found"


class WorkspaceTooLarge(TektraError):
    """A folder is larger than the private copy of one may be."""

    code = "workspace_too_large"


class WorkspaceConflict(TektraError):
    """The original is not what the private copy was made of."""

    code = "workspace_conflict"


class RunNotEnded(TektraError):
    """That can be done to what a run left, and not while it is under way."""

    code = "run_not_ended"


class ConversationBusy(TektraError):
    """A turn is already running in that conversation."""

    code = "conversation_busy"


class ModelInUse(TektraError):
    """The model cannot be changed while somebody uses it."""

    code = "model_in_use"


class Busy(TektraError):
    """Too many are waiting already."""

    code = "busy"


class GuestFailed(TektraError):
    """An agent's process ended, or said what nobody understands."""

    code = "guest_failed"


class GuestDied(GuestFailed):
    """An agent's process was killed from outside."""


class RunDiverged(TektraError):
    """A run that begins anew asks for something else than before."""

    code = "run_diverged"


class LimitReached(TektraError):
    """A run has used what it may use; `result` is what it has come to by then."""

    code = "limit_reached"

    def __init__(self, message: str, hint: str = "", *, result: object = None) -> None:
        super().__init__(message, hint)
        self.result = result


class KeepsFailing(TektraError):
    """It failed too often just now to be tried again at once."""

    code = "keeps_failing"


class NoMemory(TektraError):
    """More memory is needed than can be freed."""

    code = "no_memory"


class TimedOut(TektraError):
    """Waited longer than allowed."""

    code = "timeout"


class Draining(TektraError):
    """The daemon is stopping and takes no new work."""

    code = "draining"


class StoreFailed(TektraError):
    """SQLite could not read or write."""

    code = "store_failed"


class StoreFull(StoreFailed):
    """There is no room for the store to grow."""

    code = "disk_full"


class CannotStart(TektraError):
    """Something that the daemon needs cannot be opened."""

    code = "cannot_start"


class AlreadyRunning(CannotStart):
    """Another daemon owns the data directory."""

    code = "already_running"
