"""What clients may send. Unknown fields are ignored on /v1, as clients send many, and refused on /api."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from tektra_models.generation import Form, Pooling, Sampling
from tektra_models.spec import FlashAttention, KvType, Weights
from tektrad.clock import utc
from tektrad.config import LayersOnGpus
from tektrad.trust.consent import LONGEST_S, USUAL_S
from tektrad.trust.tool_lint import MAX_SOURCE

MAX_STOPS = 16
MAX_STOP_LENGTH = 1024
MAX_ANSWERS = 16
MAX_DOCUMENTS = 10_000
MAX_TITLE = 200
MOST_SECONDS = 3600.0
Stops = Annotated[list[Annotated[str, Field(max_length=MAX_STOP_LENGTH)]], Field(max_length=MAX_STOPS)]
Temperature = Annotated[float, Field(ge=0, le=5)]
Share = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Bias = dict[int, Annotated[float, Field(ge=-100, le=100)]]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Priority = Literal["interactive", "batch"]
DURATION = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|)")
UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(said: object) -> object:
    """Read Ollama's durations, "10m" and "-1"; anything else is left to the field to judge."""
    found = DURATION.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        return said
    seconds = float(found[1]) * UNITS_S[found[2]]
    return seconds if seconds >= 0 else -1.0


KeepAlive = Annotated[float, Field(ge=-1, le=10**9, allow_inf_nan=False), BeforeValidator(_seconds)]
"""Seconds that a model stays loaded after its last use, or a text like "10m"; a negative number: for ever."""


class SamplingShape(BaseModel):
    """Sampling parameters by the names that both families of routes share."""

    temperature: Temperature | None = None
    top_p: Share | None = None
    top_k: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    min_p: Share | None = None
    repeat_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stops | str | None = None
    max_tokens: Count | None = None
    logit_bias: Bias | None = None
    json_schema: dict[str, Any] | None = None
    regex: str | None = None
    grammar: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(form is not None for form in (self.json_schema, self.regex, self.grammar)) > 1:
            raise ValueError("an answer has one form: json_schema, regex or grammar")
        return self

    def sampling(self) -> Sampling:
        """Return the engine's value, with its defaults where nothing was said."""
        said = {name: getattr(self, name) for name in _PLAIN if getattr(self, name) is not None}
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        bias = tuple((self.logit_bias or {}).items())
        return Sampling(**said, stop=tuple(stop), logit_bias=bias, form=self.form(), scores=self.scores())

    def scores(self) -> int | None:
        """How many of the likeliest tokens are told beside each one; None: no probabilities at all."""
        return None

    def form(self) -> Form | None:
        """What the answer has to look like, if anything was said of it."""
        if self.json_schema is not None:
            return Form(kind="json_schema", text=json.dumps(self.json_schema))
        if self.regex is not None:
            return Form(kind="regex", text=self.regex)
        return None if self.grammar is None else Form(kind="grammar", text=self.grammar)


_PLAIN = (
    "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty", "presence_penalty", "seed",
    "max_tokens",
)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _moment(said: str) -> str:
    """An RFC 3339 time in the one form in which the daemon writes times, so that texts compare as times do."""
    try:
        found = datetime.fromisoformat(said)
        return utc(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise ValueError("this is no RFC 3339 time") from error


Moment = Annotated[str, AfterValidator(_moment)]


MOST_PASSPHRASE = 1024
Code = Annotated[str, Field(min_length=1, max_length=64)]
"""A code of an authenticator, or a recovery code."""


class AuditExport(_Strict):
    """Which part of the audit log is wanted, and how."""

    format: Literal["jsonl", "csv"] = "jsonl"
    since: Moment | None = None
    until: Moment | None = None


class AuditVerify(_Strict):
    """A head, `number:hash`, that the audit log is known to have reached."""

    head: Annotated[str, Field(max_length=100, pattern=r"^\d{1,18}:[0-9a-f]{64}$")] | None = None


class AuditPrune(_Strict):
    """Before which time entries are removed."""

    before: Moment
    code: Code | None = None


class StrictSampling(SamplingShape):
    """The same on /api, where a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class ChatTurn(_Strict):
    """POST /api/chat."""

    content: str = ""
    conversation_id: str | None = None
    model: str | None = None
    system: str | None = None
    sampling: StrictSampling = Field(default_factory=StrictSampling)
    stream: bool = True
    save: bool = True
    regenerate: bool = False
    think: bool | None = None
    priority: Priority | None = None
    keep_alive: KeepAlive | None = None


def _one_line(said: str) -> str:
    line = " ".join(said.split())
    if not line:
        raise ValueError("a title has at least one character")
    return line


class ConversationChange(_Strict):
    """POST /api/conversations/{id}."""

    title: Annotated[str, Field(max_length=MAX_TITLE), AfterValidator(_one_line)] | None = None
    pinned: bool | None = None


class ConversationBranch(_Strict):
    """POST /api/conversations/{id}/branch; `before`: without the message itself."""

    message_id: str | None = None
    before: bool = False


class Import(_Strict):
    """POST /api/models/import."""

    path: str
    name: str | None = None
    copy_file: bool = Field(False, alias="copy")


class AdapterFile(_Strict):
    """An adapter of POST /api/models/{name}/adapt."""

    path: str
    scale: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)] = 1.0


class Adapt(_Strict):
    """POST /api/models/{name}/adapt."""

    adapters: Annotated[list[AdapterFile], Field(min_length=1, max_length=16)]
    name: str | None = None


class LoadModel(_Strict):
    """POST /api/models/{name}/load."""

    context: Annotated[int, Field(ge=64, le=2**31 - 1)] | None = None
    kv_type: KvType | None = None
    micro_batch: Annotated[int, Field(ge=32, le=8192, multiple_of=32)] | None = None
    flash_attention: FlashAttention | None = None
    weights: Weights | None = None
    gpu_layers: LayersOnGpus | None = None
    keep_alive: KeepAlive | None = None


class Pull(_Strict):
    """POST /api/models/pull; `best` takes the type that is fastest here."""

    source: str
    name: str | None = None
    revision: str | None = None
    best: bool = False


class Tune(_Strict):
    """POST /api/models/tune; `text` is a path, `anyway` also on a busy machine."""

    model: str | None = None
    types: list[str] = []
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False)] = 30.0
    text: str | None = None
    anyway: bool = False


class Quantize(_Strict):
    """POST /api/models/quantize; `source` is a model's name, or a path."""

    source: str
    target: str
    type: str
    again: bool = False


class TextPart(BaseModel):
    """A part of a message's content; only text can be read."""

    type: Literal["text", "input_text"]
    text: str


class FunctionCall(BaseModel):
    """The function part of an earlier tool call."""

    name: str
    arguments: str = "{}"


class CallMade(BaseModel):
    """An earlier tool call in the history."""

    id: str | None = None
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(BaseModel):
    """One message of the history."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None
    name: str | None = None
    tool_calls: list[CallMade] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return the shape that chat templates are written for."""
        content = self.content
        if isinstance(content, list):
            content = "".join(part.text for part in content)
        said: dict[str, Any] = {"role": "system" if self.role == "developer" else self.role, "content": content or ""}
        if self.tool_calls:
            said["tool_calls"] = [call.model_dump() for call in self.tool_calls]
        for key in ("name", "tool_call_id", "reasoning_content"):
            if getattr(self, key) is not None:
                said[key] = getattr(self, key)
        return said


class Function(BaseModel):
    """A function that the model may call."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(BaseModel):
    """A tool on offer; types other than `function` are ignored."""

    type: str
    function: Function | None = None

    @model_validator(mode="after")
    def _function_has_one(self) -> Tool:
        if self.type == "function" and self.function is None:
            raise ValueError("a tool of type function needs a function")
        return self


class FunctionName(BaseModel):
    """Which function is meant."""

    name: str


class NamedTool(BaseModel):
    """tool_choice that names one tool."""

    type: Literal["function"] = "function"
    function: FunctionName


class StreamOptions(BaseModel):
    """OpenAI's stream_options."""

    include_usage: bool = False


class _Generation(SamplingShape):
    model: str | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=MAX_ANSWERS)] | None = None
    keep_alive: KeepAlive | None = None
    priority: Priority | None = None
    service_tier: str | None = None

    @property
    def batch(self) -> bool:
        """Whether others go first."""
        return self.priority == "batch" if self.priority is not None else self.service_tier == "flex"


class NamedSchema(BaseModel):
    """The json_schema part of a response format."""

    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(BaseModel):
    """OpenAI's response_format."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None

    @model_validator(mode="after")
    def _schema_is_there(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("a response format of type json_schema needs a json_schema")
        return self


class TemplateKwargs(BaseModel):
    """What other servers pass on to the chat template; of this, whether to reason."""

    enable_thinking: bool | None = None


class ChatCompletion(_Generation):
    """POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    max_completion_tokens: Count | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    chat_template_kwargs: TemplateKwargs | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    functions: list[Any] | None = None
    function_call: Any = None

    def scores(self) -> int | None:
        """How many of the likeliest tokens are told."""
        return (self.top_logprobs or 0) if self.logprobs else None

    @model_validator(mode="after")
    def _top_needs_logprobs(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs to be true")
        return self

    @property
    def think(self) -> bool | None:
        """Whether to reason first; how much cannot be chosen."""
        if self.chat_template_kwargs is not None and self.chat_template_kwargs.enable_thinking is not None:
            return self.chat_template_kwargs.enable_thinking
        return None if self.reasoning_effort is None else self.reasoning_effort != "none"

    @property
    def call_is_due(self) -> bool:
        """Whether the answer has to be a call."""
        return self.tool_choice == "required" or isinstance(self.tool_choice, NamedTool)

    def form(self) -> Form | None:
        """A call where one is due, else the response format, else a form by one of our own names."""
        if self.call_is_due:
            return Form(kind="call")
        wanted = self.response_format
        if wanted is None or wanted.type == "text":
            return super().form()
        schema = wanted.json_schema.schema_ if wanted.json_schema is not None else {"type": "object"}
        return Form(kind="json_schema", text=json.dumps(schema))


class Completion(_Generation):
    """POST /v1/completions."""

    prompt: str | list[str] | list[int] | list[list[int]] = ""
    echo: bool = False
    suffix: str | None = None
    best_of: int | None = None
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    def scores(self) -> int | None:
        """How many of the likeliest tokens are told."""
        return self.logprobs


class Embeddings(BaseModel):
    """POST /v1/embeddings."""

    input: str | list[str] | list[int] | list[list[int]]
    model: str | None = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None
    pooling: Pooling | None = None
    keep_alive: KeepAlive | None = None


class Document(BaseModel):
    """A document to rank, where it is an object; only its text counts."""

    text: str


class Rerank(BaseModel):
    """POST /v1/rerank, as Jina's and Cohere's."""

    query: str
    documents: Annotated[list[str | Document], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    model: str | None = None
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool = False
    keep_alive: KeepAlive | None = None

    @property
    def texts(self) -> list[str]:
        """The documents' texts."""
        return [each if isinstance(each, str) else each.text for each in self.documents]


MOST_ARGUMENTS = 4096


class SandboxRun(_Strict):
    """A program to run confined; `["-"]` is Python, with the code on standard input (base64)."""

    arguments: Annotated[
        list[Annotated[str, Field(max_length=1 << 17)]], Field(min_length=1, max_length=MOST_ARGUMENTS)
    ]
    folder: Annotated[str, Field(max_length=4096)] | None = None
    stdin: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None
    memory_bytes: Annotated[int, Field(ge=16 << 20, le=2**40)] | None = None


Words = Annotated[list[Annotated[str, Field(max_length=1 << 17)]], Field(min_length=1, max_length=MOST_ARGUMENTS)]
Resource = Annotated[str, Field(min_length=1, max_length=1 << 17)] | Words
"""A path, a host or a name; of `run` a program, or the words of a command."""
Cost = Annotated[int, Field(ge=0, le=2**53)]


class GrantConditions(_Strict):
    """What else has to be so for a grant to hold."""

    confinement: Literal["A", "B"] | None = None
    cost: Cost | None = None
    workspace: str | None = None


class NewGrant(_Strict):
    """POST /api/permissions."""

    decision: Literal["allow", "ask", "deny"]
    action: str
    resource: Resource
    agent: str = ""
    scope: Literal["once", "run", "session", "always"] = "always"
    bound_to: str = ""
    conditions: GrantConditions = Field(default_factory=GrantConditions)
    expires_s: Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_seconds)] | None = None
    uses: Count | None = None
    why: Annotated[str, Field(max_length=500)] = ""
    code: Code | None = None


class Allowance(_Strict):
    """What the agent of a run may do in it without asking."""

    action: str
    resource: Resource


class NewRun(_Strict):
    """POST /api/runs: an agent, what it is to do, and the folder in which."""

    agent: Annotated[str, Field(min_length=1, max_length=64)]
    task: Annotated[str, Field(min_length=1, max_length=100_000)]
    folder: Annotated[str, Field(min_length=1, max_length=4096)]
    in_place: bool = False
    allow: Annotated[list[Allowance], Field(max_length=100)] = []


class Applying(_Strict):
    """POST /api/runs/ID/apply: which changes (null: all); `seen`: the digest of those that were looked at."""

    paths: Annotated[list[Annotated[str, Field(max_length=8192)]], Field(max_length=100_000)] | None = None
    seen: Annotated[str, Field(max_length=64)] | None = None
    choices: Annotated[dict[str, Literal["ours", "theirs"]], Field(max_length=100_000)] = {}
    with_ignored: bool = False


class Retry(_Strict):
    """POST /api/runs/{id}/retry: from which of the agent's steps on; null: from the beginning."""

    from_step: Annotated[int, Field(ge=1, le=100_000)] | None = None


class Revocation(_Strict):
    """POST /api/permissions/ID/revoke."""

    code: Code | None = None


class PolicyText(_Strict):
    """POST /api/policies/NAME: what it shall say, null to remove it; `was`: the digest of what was looked at."""

    text: Annotated[str, Field(max_length=1 << 20)] | None
    was: Annotated[str, Field(max_length=64)] | None = None
    code: Code | None = None


class TestedAct(_Strict):
    """POST /api/permissions/test."""

    action: str
    resource: Resource
    agent: str = ""
    workspace: str = ""
    effect: Literal["none", "inside", "outside"] = "outside"
    confinement: Literal["A", "B", "C", ""] = ""
    cost: Cost = 0
    run: str = ""
    session: str = ""


class SoughtAct(TestedAct):
    """POST /api/permissions/ask: an act, what belongs to it, and how long an answer is worth waiting for."""

    folder: Annotated[str, Field(max_length=4096)] = ""
    environment: dict[str, str] = Field(default_factory=dict)
    preview: str = ""
    expires_s: Annotated[float, Field(gt=0, le=LONGEST_S, allow_inf_nan=False), BeforeValidator(_seconds)] = USUAL_S
    wait_s: Annotated[float, Field(ge=0, le=MOST_SECONDS, allow_inf_nan=False), BeforeValidator(_seconds)] = 0.0


class AnswerToAsk(_Strict):
    """POST /api/approvals/{id}."""

    answer: Literal["allow", "deny"]
    scope: Literal["once", "run", "session", "always"] = "once"
    why: Annotated[str, Field(max_length=500)] = ""
    code: Code | None = None


class NewSecret(_Strict):
    """POST /api/secrets; the value in base 64."""

    name: Annotated[str, Field(max_length=256)]
    value: SecretStr


class ShowSecret(_Strict):
    """POST /api/secrets/{name}/show."""

    code: Code | None = None


class Passphrase(_Strict):
    """POST /api/secrets/unlock."""

    passphrase: Annotated[SecretStr, Field(min_length=1, max_length=MOST_PASSPHRASE)]


class Rotation(_Strict):
    """POST /api/secrets/rotate; a passphrase where the new key is to be made of one."""

    passphrase: Annotated[SecretStr, Field(max_length=MOST_PASSPHRASE)] = SecretStr("")


class Enrolling(_Strict):
    """POST /api/mfa/enroll; the account is what the authenticator shows."""

    account: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^:\x00-\x1f]+$")] = "tektra"


class FirstCode(_Strict):
    """POST /api/mfa/confirm."""

    code: Code


class LastCode(_Strict):
    """POST /api/mfa/disable."""

    code: Code | None = None


class CheckedTool(_Strict):
    """POST /api/tools/check: the source of a tool, and whether it shall be run once in confinement."""

    source: Annotated[str, Field(max_length=MAX_SOURCE)]
    dry_run: bool = True


class AddedTool(_Strict):
    """POST /api/tools: the source of tools of one's own, as it was looked at."""

    source: Annotated[str, Field(max_length=MAX_SOURCE)]


class NewMcp(_Strict):
    """POST /api/mcp: a program or an address, and what it is given."""

    name: Annotated[str, Field(max_length=64)]
    command: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=256)] = []
    url: Annotated[str, Field(max_length=2000)] = ""
    folder: Annotated[str, Field(max_length=4096)] = ""
    network: bool = False
    env: Annotated[dict[str, str], Field(max_length=32)] = {}
    secrets: Annotated[dict[str, str], Field(max_length=32)] = {}
    headers: Annotated[dict[str, str], Field(max_length=32)] = {}
    timeout: Annotated[float, Field(ge=1, le=600)] = 60.0


class SeenMcp(_Strict):
    """POST /api/mcp/{name}/approve: the pin of what was looked at."""

    pin: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class NewUser(_Strict):
    """POST /api/users."""

    uid: Annotated[int, Field(ge=0, lt=2**32)]
    role: Literal["operator", "user", "auditor"] = "user"
    code: Code | None = None
