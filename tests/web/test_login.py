"""Who gets in: by a token, once; and by the cookie that it is exchanged for."""

from __future__ import annotations

import pytest

from tektra_cli.web.login import TRIES, Login


def test_a_token_is_good_for_one_exchange() -> None:
    login = Login()
    token = login.token
    assert token is not None
    assert [login.take(token), login.take(token)] == [True, False]


def test_too_many_wrong_tokens_end_the_right_one() -> None:
    login = Login()
    token = login.token
    assert token is not None
    assert [login.take("guess") for _ in range(TRIES)] == [False] * TRIES
    assert not login.take(token)


@pytest.mark.parametrize("wrong", [None, "", "ä", "\udcff", "x" * 100_000])
def test_a_cookie_is_taken_as_it_is_or_not_at_all(wrong: str | None) -> None:
    login = Login()
    assert login.knows(login.cookie)
    assert not login.knows(wrong)
    assert not login.knows(login.token)


def test_no_two_logins_have_anything_in_common() -> None:
    seen = [(login.token, login.cookie, login.cookie_name, login.room) for login in (Login(), Login())]
    assert not set(seen[0]) & set(seen[1])
