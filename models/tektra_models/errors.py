"""What can go wrong with a model, its file, its worker or its download.

ModelError
├── BadModelFile          the file is not what it claims to be (truncated, hostile, foreign)
├── ModelFileMissing      there is no such file, or none any more
├── PermissionDenied      the system does not let us read or write there
├── BadModelName          a name that could not be a name
├── UnknownModel          no model of that name (with suggestions)
├── ModelExists           the name is taken by another file
├── LoadFailed            the file looked right but the backend could not load it
├── BadRequest            a parameter that the engine cannot honour
│   └── ContextExceeded   prompt (and answer) longer than the context
├── TemplateFailed        the model's chat template refused, broke or ran away
├── Unsupported           this model cannot do that (chat without a decoder, …)
├── WorkerDied            the worker process ended while it held requests
└── PullFailed            a download did not come to its end
    ├── HubRefused        the hub said no (not found, gated, unauthorised)
    ├── HubUnreachable    no answer from the hub
    ├── DigestMismatch    what arrived is not what the hub promised
    ├── PullBusy          another process is pulling the same file
    └── DiskFull          no room for it
"""

from __future__ import annotations


class ModelError(Exception):
    """Root of this package's errors: a stable code, a sentence for people, and a hint what to do next."""

    code = "model_error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadModelFile(ModelError):
    """The file is not what it claims to be."""

    code = "bad_model_file"


class ModelFileMissing(ModelError):
    """There is no file at that path, or none any more."""

    code = "model_missing"


class PermissionDenied(ModelError):
    """The system does not let us read that file, or write to that place."""

    code = "permission_denied"


class BadModelName(ModelError):
    """A name that could not be a model's name."""

    code = "bad_model_name"


class UnknownModel(ModelError):
    """No model of that name is in the catalog."""

    code = "model_not_found"


class ModelExists(ModelError):
    """The name is taken by another file."""

    code = "model_exists"


class LoadFailed(ModelError):
    """The file looked right but the backend could not load it."""

    code = "load_failed"


class BadRequest(ModelError):
    """A parameter that the engine cannot honour."""

    code = "bad_request"


class ContextExceeded(BadRequest):
    """The prompt is longer than the context."""

    code = "context_length_exceeded"


class TemplateFailed(ModelError):
    """The model's chat template refused, broke or ran away."""

    code = "template_failed"


class Unsupported(ModelError):
    """This model cannot do what was asked."""

    code = "unsupported"


class WorkerDied(ModelError):
    """The worker process ended while it held requests."""

    code = "worker_died"


class PullFailed(ModelError):
    """A download did not come to its end."""

    code = "pull_failed"


class HubRefused(PullFailed):
    """The hub said no."""

    code = "hub_refused"


class HubUnreachable(PullFailed):
    """The hub did not answer."""

    code = "hub_unreachable"


class DigestMismatch(PullFailed):
    """What arrived is not what the hub promised."""

    code = "digest_mismatch"


class PullBusy(PullFailed):
    """The same file is being pulled already."""

    code = "busy"


class DiskFull(PullFailed):
    """There is no room on the disk."""

    code = "disk_full"


def from_code(code: str, message: str, hint: str) -> ModelError:
    """Rebuild an error that crossed a process boundary; an unknown code stays a plain ModelError."""
    kinds = [ModelError]
    for kind in kinds:
        if kind.code == code:
            return kind(message, hint)
        kinds.extend(kind.__subclasses__())
    return ModelError(message, hint)
