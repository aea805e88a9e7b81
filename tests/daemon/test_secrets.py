"""Secrets: kept sealed, given by name, taken out of whatever is written."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tektrad.clock import SystemClock
from tektrad.errors import SecretNotFound
from tektrad.store.db import open_store
from tektrad.trust.secrets import Secrets
from tektrad.trust.vault import Vault
from tests.audit_logs import new_log
from tests.harness import Tektra

VALUE = "correct/horse+battery:staple"
WORDS = "four words that nobody guesses"


def kept(client: httpx2.Client, name: str, value: str | bytes = VALUE) -> httpx2.Response:
    data = value.encode() if isinstance(value, str) else value
    return client.post("/api/secrets", json={"name": name, "value": base64.b64encode(data).decode()})


def shown(client: httpx2.Client, name: str, **body: str) -> httpx2.Response:
    return client.post(f"/api/secrets/{name}/show", json=body)


def value_of(response: httpx2.Response) -> bytes:
    assert response.status_code == 200, response.text
    return base64.b64decode(response.json()["value"])


def refused(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def vault(client: httpx2.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/secrets").json()["vault"]
    return found


def key_files(tektra: Tektra) -> list[Path]:
    return sorted((tektra.home / "data" / "tektra" / "keys").glob("secrets-*"))


@contextmanager
def store(tektra: Tektra) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db")) as connection, connection:
        yield connection


def test_a_secret_is_kept_listed_shown_and_removed(shared: Tektra) -> None:
    with shared.client() as client:
        first = kept(client, "LIFE")
        assert (first.status_code, first.json()["secret"]["version"]) == (201, 1)
        second = kept(client, "LIFE", b"\x00\xff other bytes")
        assert second.json()["secret"]["version"] == 2
        assert second.json()["secret"]["created_at"] == first.json()["secret"]["created_at"]
        listed = client.get("/api/secrets")
        assert [each["name"] for each in listed.json()["secrets"]] == ["LIFE"]
        assert base64.b64encode(b"\x00\xff other bytes").decode() not in first.text + second.text + listed.text
        assert value_of(shown(client, "LIFE")) == b"\x00\xff other bytes"
        assert client.delete("/api/secrets/LIFE").json() == {"schema": "tektra.secret-removed/1", "name": "LIFE"}
        assert refused(shown(client, "LIFE")) == (404, "secret_not_found")
        assert refused(client.delete("/api/secrets/LIFE")) == (404, "secret_not_found")


@pytest.mark.parametrize("name", ["", "a b", "a-b", "1a", "a" * 65, "é", "a\n", "a/../b"])
def test_a_name_that_could_be_no_variable_is_refused(shared: Tektra, name: str) -> None:
    with shared.client() as client:
        assert refused(kept(client, name)) == (400, "invalid_request")


@pytest.mark.parametrize("value", [b"", b"short", b"x" * 65_537])
def test_a_value_that_is_too_short_or_too_long_is_refused(shared: Tektra, value: bytes) -> None:
    with shared.client() as client:
        answer = kept(client, "SIZED", value)
        assert refused(answer) == (400, "invalid_request")
        assert answer.json()["error"]["param"] == "value"


def test_a_value_that_its_own_mark_would_show_is_refused(shared: Tektra) -> None:
    with shared.client() as client:
        assert refused(kept(client, "MY_TOKEN", "MY_TOKEN")) == (400, "invalid_request")
        assert refused(kept(client, "OTHER", "secret")) == (400, "invalid_request")


def test_a_value_that_is_not_base_64_is_refused_without_being_repeated(shared: Tektra) -> None:
    with shared.client() as client:
        for value in ("not base 64!", 123456789):
            answer = client.post("/api/secrets", json={"name": "A", "value": value})
            assert refused(answer) == (400, "invalid_request")
            assert str(value) not in answer.text


def test_the_largest_value_is_kept_whole(shared: Tektra) -> None:
    value = os.urandom(65_536)
    with shared.client() as client:
        assert kept(client, "LARGE", value).status_code == 201
        assert value_of(shown(client, "LARGE")) == value
        client.delete("/api/secrets/LARGE")


def test_nobody_sees_the_secrets_of_another_user(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        kept(client, "MINE")
        with store(tektra) as rows:
            rows.execute("UPDATE secrets SET uid = uid + 1")
        assert client.get("/api/secrets").json()["secrets"] == []
        assert refused(shown(client, "MINE")) == (404, "secret_not_found")
        assert refused(client.delete("/api/secrets/MINE")) == (404, "secret_not_found")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE secrets SET name = 'B' WHERE name = 'A'",
        "UPDATE secrets SET version = version + 1",
        "UPDATE secrets SET nonce = zeroblob(12)",
        "UPDATE secrets SET nonce = zeroblob(3)",
        "UPDATE secrets SET ciphertext = zeroblob(length(ciphertext))",
        "UPDATE secrets SET ciphertext = substr(ciphertext, 1, length(ciphertext) - 1)",
        "UPDATE secrets SET (nonce, ciphertext) = (SELECT nonce, ciphertext FROM secrets WHERE name = 'C')",
    ],
)
def test_a_row_that_was_changed_renamed_or_swapped_does_not_open(shared: Tektra, change: str) -> None:
    with shared.client() as client:
        kept(client, "A")
        kept(client, "C", "another value entirely")
        with store(shared) as rows:
            rows.execute(change)
        name = "B" if "'B'" in change else "A"
        assert refused(shown(client, name)) == (500, "secret_damaged")
        assert refused(client.post("/api/secrets/rotate", json={})) == (500, "secret_damaged")
        assert len(key_files(shared)) == 1
        for each in (name, "C"):
            assert client.delete(f"/api/secrets/{each}").status_code == 200


def test_the_key_lies_in_a_file_that_nobody_else_may_read(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        assert vault(client) == {"state": "empty", "place": None, "next_place": "file"}
        kept(client, "A")
        assert vault(client) == {"state": "open", "place": "file", "next_place": "file"}
    (key,) = key_files(tektra)
    assert (stat.S_IMODE(key.stat().st_mode), stat.S_IMODE(key.parent.stat().st_mode)) == (0o600, 0o700)
    assert key.stat().st_size == 32


@pytest.mark.parametrize("harm", ["open to others", "a link", "too short", "a directory", "gone", "another key"])
def test_a_key_file_that_is_not_right_is_not_used_until_it_is(tektra: Tektra, harm: str) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        kept(client, "A")
    tektra.stop()
    (key,) = key_files(tektra)
    good, aside = key.read_bytes(), tektra.home / "aside"
    key.rename(aside)
    match harm:
        case "open to others":
            key.write_bytes(good)
            key.chmod(0o640)
        case "a link":
            key.symlink_to(aside)
        case "too short":
            key.touch(0o600)
        case "a directory":
            key.mkdir(0o700)
        case "another key":
            key.touch(0o600)
            key.write_bytes(bytes(32))
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        code = "secret_damaged" if harm == "another key" else "key_unusable"
        assert vault(client)["state"] == "locked"
        assert refused(shown(client, "A")) == (500, code)
        assert refused(kept(client, "B")) == (500, code)
        if key.is_dir():
            key.rmdir()
        aside.replace(key)
        assert value_of(shown(client, "A")) == VALUE.encode()


def test_where_the_key_is_lost_one_can_remove_what_it_sealed_and_begin_anew(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        kept(client, "A")
    tektra.stop()
    key_files(tektra)[0].unlink()
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        assert client.delete("/api/secrets/A").status_code == 200
        assert kept(client, "B").status_code == 201
        assert value_of(shown(client, "B")) == VALUE.encode()


def test_after_rotating_the_old_key_is_gone_and_everything_opens(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        for number in range(5):
            kept(client, f"S{number}", f"value number {number}")
        (old,) = key_files(tektra)
        old_key = old.read_bytes()
        answer = client.post("/api/secrets/rotate", json={}).json()
        assert (answer["sealed"], answer["vault"]["state"]) == (5, "open")
        (new,) = key_files(tektra)
        assert new.read_bytes() != old_key
        assert [value_of(shown(client, f"S{n}")) for n in range(5)] == [f"value number {n}".encode() for n in range(5)]
    tektra.stop()
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        assert value_of(shown(client, "S4")) == b"value number 4"


def test_rotating_while_secrets_are_set_and_shown_loses_nothing(tektra: Tektra) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tektra.start(TEKTRA_SECRETS_KEY="file")

    def act(number: int) -> None:
        with tektra.client() as client:
            if number % 4 == 0:
                assert client.post("/api/secrets/rotate", json={}).status_code == 200
            else:
                assert kept(client, f"S{number}", f"value number {number}").status_code == 201
                assert value_of(shown(client, f"S{number}")) == f"value number {number}".encode()

    with ThreadPoolExecutor(8) as several:
        list(several.map(act, range(1, 41)))
    with tektra.client() as client:
        for number in (n for n in range(1, 41) if n % 4):
            assert value_of(shown(client, f"S{number}")) == f"value number {number}".encode()
    assert len(key_files(tektra)) == 1


def test_with_a_passphrase_the_vault_starts_locked_and_no_key_lies_anywhere(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="passphrase")
    with tektra.client() as client:
        assert vault(client)["state"] == "empty"
        assert refused(kept(client, "A")) == (403, "vault_locked")
        assert refused(client.post("/api/secrets/unlock", json={"passphrase": "short"})) == (400, "invalid_request")
        assert client.post("/api/secrets/unlock", json={"passphrase": WORDS}).json()["vault"]["state"] == "open"
        kept(client, "A")
        assert client.post("/api/secrets/lock", json={}).json()["vault"]["state"] == "locked"
        assert refused(shown(client, "A")) == (403, "vault_locked")
        assert refused(client.post("/api/secrets/unlock", json={"passphrase": "wrong words"})) == (
            403,
            "wrong_passphrase",
        )
    tektra.stop()
    assert key_files(tektra) == []
    tektra.start(TEKTRA_SECRETS_KEY="passphrase")
    with tektra.client() as client:
        assert vault(client)["state"] == "locked"
        assert refused(shown(client, "A")) == (403, "vault_locked")
        client.post("/api/secrets/unlock", json={"passphrase": WORDS})
        assert value_of(shown(client, "A")) == VALUE.encode()


def test_rotating_moves_the_key_to_where_the_settings_want_it(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    with tektra.client() as client:
        kept(client, "A")
        assert refused(client.post("/api/secrets/lock", json={})) == (400, "invalid_request")
        assert refused(client.post("/api/secrets/unlock", json={"passphrase": WORDS})) == (400, "invalid_request")
    tektra.stop()
    tektra.start(TEKTRA_SECRETS_KEY="passphrase")
    with tektra.client() as client:
        assert vault(client) == {"state": "open", "place": "file", "next_place": "passphrase"}
        assert refused(client.post("/api/secrets/rotate", json={})) == (400, "invalid_request")
        moved = client.post("/api/secrets/rotate", json={"passphrase": WORDS}).json()
        assert moved["vault"]["place"] == "passphrase"
        assert key_files(tektra) == []
        client.post("/api/secrets/lock", json={})
        assert refused(shown(client, "A")) == (403, "vault_locked")
        client.post("/api/secrets/unlock", json={"passphrase": WORDS})
        assert value_of(shown(client, "A")) == VALUE.encode()


PLAIN = """
from pathlib import Path
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username): return Path("plain").read_text()
    def set_password(self, service, username, password): Path("plain").write_text(password)
    def delete_password(self, service, username): Path("plain").unlink()
"""


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "plain.Keyring"])
def test_a_keyring_that_keeps_nothing_or_anything_in_the_open_is_not_used(tektra: Tektra, backend: str) -> None:
    (tektra.home / "plain.py").write_text(PLAIN)
    path = f"{tektra.home}:{os.environ.get('PYTHONPATH', '')}"
    environment = {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": path}
    tektra.start(TEKTRA_SECRETS_KEY="keyring", **environment)
    with tektra.client() as client:
        assert refused(kept(client, "A")) == (500, "keyring_failed")
    tektra.stop()
    tektra.start(**environment)
    with tektra.client() as client:
        kept(client, "A")
        assert vault(client)["place"] == "file"
    assert not list(tektra.home.rglob("plain"))


@pytest.fixture
def session(tektra: Tektra) -> Iterator[dict[str, str]]:
    """The environment of a session with a bus and a keyring of its own."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        env=tektra.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as bus:  # fmt: skip
        assert bus.stdout is not None
        try:
            address = {"DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip()}
            command = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
            subprocess.run(command, env=tektra.env | address, input=b"login", stdout=subprocess.DEVNULL, check=True)
            yield address
        finally:
            bus.terminate()  # the keyring ends with it


def test_where_there_is_a_keyring_the_key_lies_in_it_alone(tektra: Tektra, session: dict[str, str]) -> None:
    tektra.start(**session)
    with tektra.client() as client:
        kept(client, "A")
        assert vault(client)["place"] == "keyring"
        client.post("/api/secrets/rotate", json={})
    tektra.stop()
    assert key_files(tektra) == []
    tektra.start(**session)
    with tektra.client() as client:
        assert value_of(shown(client, "A")) == VALUE.encode()
    tektra.stop()
    tektra.start()
    with tektra.client() as client:
        assert refused(shown(client, "A")) == (500, "keyring_failed")


def test_a_value_is_in_no_file_no_log_and_no_argument_after_it_was_used(tektra: Tektra) -> None:
    model = "echo"
    tektra.start(TEKTRA_LOG_LEVEL="debug")
    tektra.import_scripted(model, [{"say": "I heard nothing."}])
    with tektra.client() as client:
        kept(client, "A")
        assert value_of(shown(client, "A")) == VALUE.encode()
        client.get(f"/nothing/{quote(VALUE, safe='')}")
        client.post("/api/chat", json={"content": f"my password is {VALUE}, keep it", "model": model, "stream": False})
        arguments = (
            Path(f"/proc/{tektra.pid()}/cmdline").read_bytes() + Path(f"/proc/{tektra.pid()}/environ").read_bytes()
        )
        forms = [
            VALUE.encode(),
            base64.b64encode(VALUE.encode()),
            quote(VALUE, safe="").encode(),
            quote(VALUE).encode(),
        ]
        for file in (path for path in tektra.home.rglob("*") if path.is_file()):
            assert not [form for form in forms if form in file.read_bytes()], file
        assert not [form for form in forms if form in arguments]
    assert "/nothing/[secret A]" in tektra.log.read_text()


def test_what_is_said_in_a_conversation_holds_no_secret_and_neither_does_what_a_model_sees(tektra: Tektra) -> None:
    tektra.start()
    model = tektra.import_scripted(
        "leaky", [{"when": re.escape(VALUE), "say": "I saw it"}, {"say": f"Is it {VALUE}? Or {VALUE[:9]}"}]
    )
    with tektra.client() as client:
        body = {"content": f"use {VALUE}", "model": model, "stream": False}
        first = client.post("/api/chat", json=body).json()
        assert first["content"] == "I saw it"  # it is no secret yet
        kept(client, "A")
        second = client.post("/api/chat", json=body | {"conversation_id": first["conversation_id"]}).json()
        assert second["content"] == f"Is it [secret A]? Or {VALUE[:9]}"
        said = client.get(f"/api/conversations/{first['conversation_id']}").json()["messages"]
    assert [message["content"] for message in said[2:]] == ["use [secret A]", f"Is it [secret A]? Or {VALUE[:9]}"]


async def test_code_of_the_daemon_gets_a_value_by_name_and_each_use_is_counted(tmp_path: Path) -> None:
    async with open_store(tmp_path / "tektra.db") as rows:
        clock = SystemClock()
        audit = new_log(rows, clock, tmp_path)
        secrets = Secrets(rows, clock, audit, Vault(rows, clock, tmp_path / "keys", "file"))
        before = await secrets.set("A", VALUE.encode(), 7)
        assert (before.uses, before.last_used_at) == (0, None)
        assert [await secrets.use("A", 7) for _ in range(2)] == [VALUE.encode()] * 2
        await secrets.reveal("A", 7)
        (after,) = await secrets.all(7)
        assert after.uses == 2
        assert after.last_used_at is not None
        with pytest.raises(SecretNotFound):
            await secrets.use("A", 8)
        assert secrets.redact({"said": [f"it is {VALUE}"]}) == {"said": ["it is [secret A]"]}


LOGGING = """
import logging, sys, structlog
from tektrad.logs import configure_logs, redact_with
from tektrad.trust.redaction import Redaction
configure_logs("info")
log = structlog.get_logger()
log.info("before")
redact_with(Redaction([("A", sys.argv[1].encode())]).thing)
log.info("ours", value=sys.argv[1], inside={sys.argv[1]: [sys.argv[1].encode()]})
try:
    raise ValueError(sys.argv[1])
except ValueError as error:
    log.error("broke", exc_info=error)
    logging.getLogger("library").exception("it was %s", sys.argv[1])
    logging.getLogger("library").error("an object: %s", error)
"""


def test_no_line_of_the_log_shows_a_value_whoever_wrote_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOGGING, VALUE]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert VALUE not in lines
    assert [json.loads(line)["event"] for line in lines.splitlines()] == [
        "before", "ours", "broke", "it was [secret A]", "an object: [secret A]",
    ]  # fmt: skip
    assert lines.count("[secret A]") == 7


def test_what_was_removed_is_overwritten_in_the_store(tektra: Tektra) -> None:
    tektra.start()
    with tektra.client() as client:
        kept(client, "A", "x" * 5000)
        with store(tektra) as rows:
            ((ciphertext,),) = rows.execute("SELECT ciphertext FROM secrets")
        client.delete("/api/secrets/A")
    tektra.stop()  # which brings the write-ahead log into the file
    assert ciphertext[:64] not in (tektra.home / "data" / "tektra" / "tektra.db").read_bytes()


def test_what_is_done_with_secrets_is_in_the_audit_log_by_name_and_no_value_ever_is(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("echo", [{"say": "x"}])
    with tektra.client() as client:
        body = {"name": "TOKEN", "value": base64.b64encode(VALUE.encode()).decode()}
        assert client.post("/api/secrets", json=body).status_code == 201
        client.post("/api/secrets/TOKEN/show", json={})
        client.post("/api/secrets/rotate", json={})
        client.post("/api/models/import", json={"path": f"/nowhere/{VALUE}.gguf"})
        client.post("/api/permissions/ask", json={"action": "use", "resource": "x", "agent": "coder", "preview": VALUE})
        client.post("/api/chat", json={"content": VALUE, "model": model, "stream": False})
        asks = client.get("/api/approvals").text
        client.delete("/api/secrets/TOKEN")
        told = client.get("/api/audit", params={"kind": "secret"}).json()["entries"]
        log = client.post("/api/audit/export", json={}).text
    assert [each["kind"] for each in reversed(told) if each["outcome"] == "ok"] == [
        "secret.set", "secret.show", "secret.rotate", "secret.remove",
    ]  # fmt: skip
    assert VALUE not in log + asks
    assert "[secret TOKEN]" in asks
    assert "[secret TOKEN]" in log
