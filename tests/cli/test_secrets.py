"""`tektra secrets …` and `tektra mfa …`: values that nobody sees who should not, and codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyotp

from tektra_cli import qr
from tektra_cli.commands.mfa import account
from tests.cli.screen import Terminal
from tests.harness import Tektra

VALUE = "correct horse battery staple"
WORDS = "four words that nobody guesses"


def test_a_value_comes_from_a_pipe_without_the_end_of_its_line(common: Tektra) -> None:
    done = common.run("secrets", "set", "PIPED", stdin=VALUE + "\n")
    assert (done.stdout, done.stderr, done.returncode) == ("kept PIPED, version 1\n", "", 0)
    shown = common.run("secrets", "show", "PIPED", "--yes")
    assert (shown.stdout, shown.stderr, shown.returncode) == (VALUE, "", 0)


def test_a_value_comes_from_a_file_or_a_pipe_exactly_as_it_is(common: Tektra) -> None:
    file = common.home / "token"
    file.write_bytes(b"\xff bytes\n\n")
    common.run("secrets", "set", "FROM_FILE", "--from-file", str(file))
    show = [sys.executable, "-m", "tektra_cli", "secrets", "show", "FROM_FILE", "--yes"]
    assert subprocess.run(show, env=common.env, capture_output=True, check=True).stdout == b"\xff bytes\n\n"
    document = common.json("secrets", "set", "FROM_FILE", "--from-file", str(file))
    assert (document["schema"], document["secret"]["version"]) == ("tektra.secret/1", 2)
    common.run("secrets", "set", "EXACT", "--from-file", "-", stdin=VALUE + "\n")
    assert common.run("secrets", "show", "EXACT", "--yes").stdout == VALUE + "\n"


def test_a_value_is_no_argument_and_an_empty_one_is_refused(common: Tektra) -> None:
    assert common.run("secrets", "set", "ARGUED", VALUE).returncode == 2
    done = common.run("secrets", "set", "ARGUED")
    assert (done.returncode, "nothing on standard input" in done.stderr) == (2, True)
    assert common.run("secrets", "set", "ARGUED", "--from-file", "nowhere").returncode == 4
    assert common.run("secrets", "set", "ARGUED", stdin="short").returncode == 2


def test_a_typed_value_is_neither_shown_nor_in_the_arguments_of_any_process(common: Tektra) -> None:
    with Terminal(common, "secrets", "set", "TYPED") as terminal:
        terminal.until("Value of TYPED:").type(VALUE + "\n")
        assert terminal.end() == 0
        assert VALUE not in terminal.sent
        assert terminal.screen.text.splitlines()[-1] == "kept TYPED, version 1"
    assert common.run("secrets", "show", "TYPED", "--yes").stdout == VALUE
    for process in psutil.process_iter():
        try:
            assert VALUE not in " ".join(process.cmdline())
        except psutil.Error:
            continue  # it has ended


def test_the_list_holds_no_value(common: Tektra) -> None:
    common.run("secrets", "set", "LISTED", stdin=VALUE)
    done = common.run("secrets", "list")
    assert done.stdout.splitlines()[0].split("  ")[0] == "NAME"
    assert re.search(r"^LISTED +1 +20\S+ +0 +-$", done.stdout, re.MULTILINE)
    assert VALUE not in done.stdout
    assert re.fullmatch(
        r"the vault is open; its key lies in (a file that only you may read|the system's keyring)\n", done.stderr
    )
    document = common.json("secrets", "list")
    assert document["schema"] == "tektra.secrets/1"
    assert VALUE not in json.dumps(document)


def test_showing_asks_first(common: Tektra) -> None:
    common.run("secrets", "set", "ASKED", stdin=VALUE)
    assert common.run("secrets", "show", "ASKED").returncode == 2
    with Terminal(common, "secrets", "show", "ASKED") as terminal:
        terminal.until("Show the value of ASKED? [y/N]").type("n\n")
        assert (terminal.end(), VALUE in terminal.sent) == (1, False)
    with Terminal(common, "secrets", "show", "ASKED") as terminal:
        terminal.until("Show the value of ASKED? [y/N]").type("y\n")
        assert terminal.end() == 0
        assert terminal.screen.text.splitlines()[-1] == VALUE


def test_removing_says_what_it_does_not_reach(common: Tektra) -> None:
    common.run("secrets", "set", "DOOMED", stdin=VALUE)
    done = common.run("secrets", "rm", "DOOMED", "--yes")
    assert (done.stdout, done.returncode) == ("removed DOOMED\n", 0)
    assert "revoke it" in done.stderr
    done = common.run("secrets", "rm", "DOOMED", "--yes", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "secret_not_found")


def test_rotating_says_how_much_was_sealed_anew(common: Tektra) -> None:
    common.run("secrets", "set", "TURNED", stdin=VALUE)
    done = common.run("secrets", "rotate")
    assert re.match(r"sealed \d+ values? anew; the vault is open", done.stdout)
    assert common.run("secrets", "show", "TURNED", "--yes").stdout == VALUE


def test_a_damaged_row_ends_with_the_exit_code_for_integrity(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="file")
    tektra.run("secrets", "set", "A", stdin=VALUE)
    tektra.stop()
    (key,) = (tektra.home / "data" / "tektra" / "keys").glob("secrets-*")
    key.write_bytes(bytes(32))
    tektra.start(TEKTRA_SECRETS_KEY="file")
    done = tektra.run("secrets", "show", "A", "--yes")
    assert (done.returncode, done.stdout) == (8, "")
    assert "is not the one that the secrets were sealed with" in done.stderr
    key.chmod(0o644)
    assert tektra.run("secrets", "show", "A", "--yes").returncode == 8


def test_a_new_passphrase_is_typed_twice_and_a_known_one_comes_from_a_pipe(tektra: Tektra) -> None:
    tektra.start(TEKTRA_SECRETS_KEY="passphrase")
    assert tektra.run("secrets", "set", "A", stdin=VALUE).returncode == 5
    with Terminal(tektra, "secrets", "unlock") as terminal:
        terminal.until("New passphrase:").type(WORDS + "\n").until("Once more:").type("another\n")
        assert terminal.end() == 2
    with Terminal(tektra, "secrets", "unlock") as terminal:
        terminal.until("New passphrase:").type(WORDS + "\n").until("Once more:").type(WORDS + "\n")
        assert terminal.end() == 0
        assert WORDS not in terminal.sent
    tektra.run("secrets", "set", "A", stdin=VALUE)
    assert tektra.run("secrets", "lock").stdout == "the vault is locked; its key lies in your passphrase alone\n"
    assert tektra.run("secrets", "show", "A", "--yes").returncode == 5
    assert tektra.run("secrets", "unlock", stdin="not these words").returncode == 5
    assert tektra.run("secrets", "unlock", stdin=WORDS + "\n").returncode == 0
    assert tektra.run("secrets", "show", "A", "--yes").stdout == VALUE
    assert tektra.run("secrets", "rotate", stdin=WORDS + ", and more\n").returncode == 0
    assert tektra.run("secrets", "show", "A", "--yes").stdout == VALUE


def test_in_a_terminal_an_authenticator_is_enrolled_in_one_go(tektra: Tektra) -> None:
    tektra.start()
    tektra.run("secrets", "set", "A", stdin=VALUE)
    with Terminal(tektra, "mfa", "enroll", rows=60, columns=80) as terminal:
        terminal.until("Code:")
        found = re.search(r"or type: ([A-Z2-7 ]+)$", terminal.screen.text, re.MULTILINE)
        assert found is not None
        totp = pyotp.TOTP(found[1].replace(" ", ""))
        now = int(time.time())
        terminal.type(wrong(totp, now) + "\n").until("this is not the code").until("Code:", 2)
        terminal.type(totp.at(now) + "\n")
        assert terminal.end() == 0
        codes = re.findall(r"^[a-z2-7]{4}(?:-[a-z2-7]{4}){3}$", terminal.screen.text, re.MULTILINE)
        assert len(codes) == 10
    picture = [line for line in terminal.screen.text.splitlines() if "█" in line]
    uri = pyotp.TOTP(totp.secret).provisioning_uri(name=account(), issuer_name="Tektra")
    assert picture == [line for line in (qr.drawn(uri) or "").splitlines() if "█" in line]
    assert tektra.run("mfa", "status").stdout.startswith("state           codes are asked for\n")
    assert tektra.run("secrets", "show", "A", "--yes").returncode == 5
    done = tektra.run("secrets", "show", "A", "--yes", "--code", wrong(totp, now))
    assert (done.returncode, done.stdout) == (5, "")
    assert tektra.run("secrets", "show", "A", "--yes", "--code", totp.at(now + 30)).stdout == VALUE
    with Terminal(tektra, "secrets", "show", "A", "--yes") as terminal:
        terminal.until("Code:").type(codes[0] + "\n")
        assert terminal.end() == 0
        assert terminal.screen.text.splitlines()[-1] == VALUE
    assert tektra.json("mfa", "status")["recovery_codes_left"] == 9
    assert tektra.run("mfa", "disable", "--code", codes[1]).stdout == "no codes are asked for any more\n"


def wrong(totp: pyotp.TOTP, now: int) -> str:
    near = {totp.at(now + 30 * aside) for aside in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in near)


def test_without_a_terminal_an_authenticator_is_enrolled_in_two_steps(tektra: Tektra) -> None:
    tektra.start()
    assert tektra.run("mfa", "enroll").returncode == 2
    assert "█" not in tektra.run("mfa", "enroll", "--uri").stdout
    uri = tektra.run("mfa", "enroll", "--uri").stdout.strip()
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    document = tektra.json("mfa", "enroll", "--code", totp.now())
    assert (document["schema"], len(document["recovery_codes"])) == ("tektra.mfa-recovery/1", 10)
    assert tektra.run("mfa", "disable").returncode == 5
    for _ in range(5):
        assert tektra.run("mfa", "disable", "--code", "no code").returncode == 5
    done = tektra.run("mfa", "disable", "--code", document["recovery_codes"][0])
    assert (done.returncode, "5 wrong codes in 15 minutes" in done.stderr) == (6, True)
    assert "none for 1" in tektra.run("mfa", "status").stdout


def test_the_value_is_nowhere_after_a_person_used_it(tektra: Tektra) -> None:
    tektra.start(TEKTRA_LOG_LEVEL="debug")
    tektra.run("secrets", "set", "A", stdin=VALUE)
    tektra.run("secrets", "show", "A", "--yes")
    tektra.run("chat", f"My password is {VALUE}")
    for file in (Path(folder, name) for folder, _, names in os.walk(tektra.home) for name in names):
        if file.is_file():
            assert VALUE.encode() not in file.read_bytes(), file
