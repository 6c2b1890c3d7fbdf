"""Issuers in threads, forks and coroutines, and what they leave alone: the environment and the standard streams."""

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import step_ott
from domain.keys.sampled_signer import CHECKED_EVERY
from tests.support.forked_child import run_in_child
from tests.support.issuing import DeclaredCa, declare_for, holds
from tests.support.key_files import KINDS

KEY = ec.generate_private_key(ec.SECP256R1())
THREADS, EACH = 32, 40


@pytest.fixture
def issuer() -> step_ott.JwkIssuer:
    """An issuer with its key open."""
    return step_ott.JwkIssuer(declare_for(KEY), key=KEY)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_an_issuer(kind: str) -> None:
    """From a barrier on, each token is for what its thread asked for, sound, and no other's."""
    key, barrier = KINDS[kind](), threading.Barrier(THREADS)
    issuer = step_ott.JwkIssuer(declare_for(key), key=key)

    def mint(number: int) -> list[step_ott.Token]:
        barrier.wait(30)
        return [issuer.token(f"host-{number}.test", sans=[f"{turn}.test"]) for turn in range(EACH)]

    with ThreadPoolExecutor(THREADS) as pool:
        minted = list(pool.map(mint, range(THREADS)))
    for number, tokens in enumerate(minted):
        for turn, token in enumerate(tokens):
            assert (token.claims["sub"], token.claims["sans"]) == (f"host-{number}.test", [f"{turn}.test"])
            assert holds(token, key)
    assert len({token.jti for tokens in minted for token in tokens}) == THREADS * EACH


def test_threads_check_one_signature_of_128(issuer: step_ott.JwkIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the count is that of all their tokens."""
    from adapters.jose import jws

    lock, checks, really = threading.Lock(), [0], jws._holds

    def hold(*arguments: Any) -> bool:
        with lock:
            checks[0] += 1
        return really(*arguments)

    monkeypatch.setattr(jws, "_holds", hold)
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda number: issuer.token(f"{number}.test"), range(4 * CHECKED_EVERY)))
    assert len({token.jti for token in tokens}) == 4 * CHECKED_EVERY and checks == [4]


def test_a_fork_goes_on_with_an_open_key(issuer: step_ott.JwkIssuer) -> None:
    """Parent and children mint tokens that are sound and have identifiers of their own, also past a check."""
    before, (reading, writing) = issuer.token("web.test"), os.pipe()

    def mint() -> bool:
        tokens = [issuer.token("web.test") for _ in range(2 * CHECKED_EVERY)]
        os.write(writing, "".join(token.jti for token in tokens[:20]).encode())
        return all(holds(token, KEY) for token in tokens)

    children = 3
    assert all(run_in_child(mint) for _ in range(children))
    own = [issuer.token("web.test").jti for _ in range(20)]
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    theirs = [text[at : at + 64] for at in range(0, len(text), 64)]
    assert len({before.jti, *own, *theirs}) == 1 + 20 + 20 * children


def test_a_fork_while_threads_mint_goes_on(issuer: step_ott.JwkIssuer) -> None:
    """No lock is left held in the child by a thread that it does not have."""
    stop = threading.Event()

    def keep_minting() -> None:
        while not stop.is_set():
            issuer.token("web.test")

    threads = [threading.Thread(target=keep_minting) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(run_in_child(lambda: holds(issuer.token("web.test"), KEY)) for _ in range(10))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_coroutines_mint_in_threads(issuer: step_ott.JwkIssuer) -> None:
    """By `asyncio.to_thread`, during which the loop goes on."""

    async def mint() -> tuple[list[step_ott.Token], int]:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        tokens = await asyncio.gather(
            *(asyncio.to_thread(issuer.token, f"{number}.test", sans=["a.test"]) for number in range(50))
        )
        beating.cancel()
        return tokens, beats

    tokens, beats = asyncio.run(mint())
    assert [token.claims["sub"] for token in tokens] == [f"{number}.test" for number in range(50)]
    assert len({token.jti for token in tokens}) == 50 and beats > 1


class ForbiddenEnvironment(Mapping[str, str]):
    """An environment that nobody may look at."""

    def __getitem__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} was read")

    def get(self, name: str, default: Any = None) -> NoReturn:
        raise AssertionError(f"{name} was read")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all was read")

    def __len__(self) -> int:
        raise AssertionError("all was read")

    def __contains__(self, name: object) -> NoReturn:
        raise AssertionError(f"{name} was read")


def test_neither_the_environment_nor_a_stream_is_touched(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the making of an issuer on, for every kind of request; all has been loaded before."""
    ca: DeclaredCa = declare_for(KEY)
    step_ott.JwkIssuer(ca, key=KEY).token("web.test")
    monkeypatch.setattr(os, "environ", ForbiddenEnvironment())
    monkeypatch.setattr(os, "getenv", ForbiddenEnvironment().get)
    issuer = step_ott.JwkIssuer(ca, key=KEY)
    tokens = [
        issuer.token("web.test"),
        issuer.ssh_host_token("web.test"),
        issuer.ssh_user_token("ada"),
        issuer.revocation_token(5),
        issuer.ssh_revocation_token(5),
    ]
    with pytest.raises(step_ott.NetworkError):
        step_ott.GcpIssuer(_CloudCa(), metadata="http://127.0.0.1:1")
    monkeypatch.undo()
    assert all(holds(token, KEY) for token in tokens)
    assert capfd.readouterr() == ("", "")


class _CloudCa(DeclaredCa):
    """A CA with a provisioner for Google's machines."""

    def __init__(self) -> None:
        super().__init__(declare_for(KEY).public)

    def asking(self) -> Any:
        from contextlib import nullcontext

        from adapters.ca.declared import DeclaredAuthority
        from domain.ca.url import parse_ca_url
        from domain.provisioners.gcp import GcpProvisioner

        return nullcontext(DeclaredAuthority(parse_ca_url(self.url), None, GcpProvisioner("gcp")))
