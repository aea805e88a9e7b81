"""What clients may send about agents. What an agent may be, `agents/agent.py` says, for these as for files."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tektrad.agents.agent_file import MOST_BYTES
from tektrad.memory.notes import MOST_NOTES

Digest = Annotated[str, Field(max_length=64)]
Number = Annotated[int, Field(ge=1, lt=2**31)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AgentContent(_Strict):
    """POST /api/agents: the text of a file, or fields; or both, fields in the place of what the file says."""

    file: Annotated[str, Field(max_length=MOST_BYTES)] | None = None
    agent: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.file is None and self.agent is None:
            raise ValueError("it says nothing: give file or agent")
        return self


class AgentEdit(AgentContent):
    """POST /api/agents/{name}: without a file the fields change what is current; `was`: the version looked at."""

    was: Digest


class AgentRollback(_Strict):
    """POST /api/agents/{name}/rollback; `was`: the current version that was looked at, null: it was removed."""

    version: Digest
    was: Digest | None


class ForgottenNotes(_Strict):
    """POST /api/agents/{name}/notes/forget: the numbers of notes, or all of them."""

    ids: Annotated[list[Number], Field(max_length=MOST_NOTES)] = []
    all: bool = False

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.all == bool(self.ids):
            raise ValueError("say which: either ids or all")
        return self
