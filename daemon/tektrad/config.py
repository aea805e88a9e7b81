"""Settings: read once at the start, frozen afterwards. TEKTRA_* variables over the user's file over the system's."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from tektra_models.spec import FlashAttention, KvType, Weights
from tektrad.errors import CannotStart
from tektrad.paths import SYSTEM_FILE

PREFIX = "TEKTRA_"
LayersOnGpus = Literal["auto", "all", "none"] | Annotated[int, Field(ge=0, le=100_000)]
"""A GpuLayers that comes from outside."""
NOT_SETTINGS = frozenset(
    {
        "TEKTRA_CONFIG", "TEKTRA_DATA_DIR", "TEKTRA_STATE_DIR", "TEKTRA_CACHE_DIR", "TEKTRA_SOCKET",
        "TEKTRA_NO_AUTOSTART", "TEKTRA_START_TIMEOUT", "TEKTRA_DEBUG",
    }
)  # fmt: skip
"""TEKTRA_* variables that belong to paths.py and to the command line."""


class Settings(BaseSettings):
    """Every setting of the daemon, in one place; docs/configuration.md lists them (a test compares)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    default_model: str | None = Field(None, description="model used when none is named; unset: the built-in one")
    context: int = Field(8192, ge=64, description="tokens of context, at most what the model was made for")
    slots: int = Field(8, ge=1, le=231, description="sequences that one model serves at once")
    batch: int = Field(512, ge=16, le=8192, description="tokens that one step may compute")
    gap: float = Field(0.4, gt=0, description="seconds an answer may wait for a token while others' prompts are read")
    threads: int = Field(0, ge=0, description="computing threads per model; 0: one per core")
    micro_batch: int = Field(
        0, ge=0, le=8192, multiple_of=32, description="tokens of a step that are computed at once; 0: all"
    )
    flash_attention: FlashAttention = Field(
        "auto", description="attention in one pass: on, off, auto (what is quicker)"
    )
    kv_type: KvType = Field("f16", description="how cells are kept: f16, q8_0 (half the memory) or q4_0 (a quarter)")
    weights: Weights = Field("stored", description="weights of transformers' models: stored, int8 or int4")
    gpu_layers: LayersOnGpus = Field("auto", description="layers on GPUs: auto (as many as fit), all, none, or N")
    devices: str = Field("", description="devices that may hold layers, with commas between; empty: all GPUs")
    drafts: int = Field(15, ge=0, le=15, description="tokens guessed ahead where a text repeats itself; 0: none")
    keep_alive: float = Field(300.0, ge=-1, description="seconds an idle model stays loaded; -1: for ever")
    residence: float = Field(
        4.0, ge=0, description="times its loading time that a model stays though others wait; at most 20 s"
    )
    memory_budget: int | None = Field(None, ge=0, description="bytes all models may take; unset: 80 % of the memory")
    states_bytes: int = Field(2**31, ge=0, description="bytes of attention states kept on disk between loads; 0: none")
    queue_limit: int = Field(64, ge=1, description="requests that may wait for a model")
    queue_wait: float = Field(120.0, gt=0, description="seconds a request waits for a model before it gives up")
    drain: float = Field(10.0, ge=0, description="seconds that running requests get when the daemon stops")
    answer_wait: float = Field(3600.0, gt=0, description="seconds an agent waits for a person's answer; then it is no")
    secrets_key: Literal["auto", "keyring", "file", "passphrase"] = Field(
        "auto", description="where a new key for secrets lies: keyring, file, passphrase, auto (keyring, else file)"
    )
    private_hosts: str = Field(
        "", description="hosts inside this machine or network that agents may fetch from, with commas between"
    )
    shared_group: str = Field("", description="Unix group that may reach this daemon's socket; empty: its owner alone")
    shared_by: str = Field(
        "",
        description="whose shared daemon the command line trusts, a name or uid; only in the system's file",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the files that `load_settings` named."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(user_file: Path) -> Settings:
    """Read and check all settings; raises CannotStart that names the file or variable at fault."""
    _refuse_unknown_variables()
    files = [path for path in (SYSTEM_FILE, user_file) if path.is_file()]  # the later one wins

    class Sourced(Settings):
        model_config = SettingsConfigDict(toml_file=files)

    try:
        return Sourced()
    except (ValidationError, tomllib.TOMLDecodeError, OSError) as error:
        where = ", ".join(map(str, files)) or "the environment"
        raise CannotStart(f"the configuration is not right: {_first_line(error)}", f"Look into {where}.") from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first: Any = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]


def _refuse_unknown_variables() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise CannotStart(
            f"the environment sets {', '.join(unknown)}, which is no setting of Tektra",
            "Correct or unset it; docs/configuration.md lists all settings.",
        )
