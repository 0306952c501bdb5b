"""States: whole or not there, and nothing in them is ever run."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from stx.errors import UserError
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint

NAME = "state.pt"

STATE = Checkpoint(
    step=7,
    image=torch.rand(3, 4, 5),
    last_finite=torch.rand(3, 4, 5),
    optimiser={"state": {0: {"pairs": [(torch.ones(2), torch.zeros(2))], "loss": 0.1}}, "param_groups": [{"lr": 1e-3}]},
    scales={"conv1_1": 1 / 3},
    events=[[3, "loss total"]],
    backoffs=1,
)
LIKE = (torch.device("cpu"), [torch.Size((3, 8, 10)), torch.Size((3, 4, 5))])


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE)
    back = checkpoint.load(tmp_path / NAME, *LIKE)
    assert torch.equal(back.image, STATE.image)
    assert torch.equal(back.last_finite, STATE.last_finite)
    assert back.scales == STATE.scales
    assert (back.step, back.events, back.backoffs) == (7, [[3, "loss total"]], 1)
    assert back.optimiser["state"][0]["loss"] == 0.1


def test_a_state_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path / NAME, STATE)

    def cut_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", cut_off)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(tmp_path / NAME, STATE._replace(step=8))
    assert checkpoint.load(tmp_path / NAME, *LIKE).step == 7
    checkpoint.save(tmp_path / NAME, STATE._replace(step=8))
    assert checkpoint.load(tmp_path / NAME, *LIKE).step == 8


@pytest.mark.parametrize("content", [b"", b"not a state", b"half of it", b"PK\x03\x04"])
def test_what_is_no_state_is_a_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.load(tmp_path / NAME, *LIKE)


def test_half_a_state_is_a_message(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE)
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.load(tmp_path / NAME, *LIKE)


def test_a_state_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"step": 1, "image": Code()}, tmp_path / NAME, pickle_module=pickle)
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.load(tmp_path / NAME, *LIKE)
    assert not (tmp_path / "ran").exists()


def test_a_state_of_another_size_is_a_message(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE)
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.load(tmp_path / NAME, torch.device("cpu"), [torch.Size((3, 9, 9))])


def test_no_state_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / NAME, *LIKE) is None


def test_a_state_says_which_format_it_has_and_a_later_one_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE)
    fields = torch.load(tmp_path / NAME, weights_only=True)
    torch.save({**fields, "format": fields["format"] + 1}, tmp_path / NAME)
    with pytest.raises(UserError, match="written by a later version of stx"):
        checkpoint.load(tmp_path / NAME, *LIKE)
    del fields["format"]  # as the first ones were
    torch.save(fields, tmp_path / NAME)
    assert checkpoint.load(tmp_path / NAME, *LIKE).step == 7
