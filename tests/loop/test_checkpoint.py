"""States: whole or not there, and nothing in them is ever run."""

import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stx.errors import UserError
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.optimisers import LBFGS, Adam, PlainLBFGS

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


def test_before_the_first_step_there_is_a_picture_and_nothing_else() -> None:
    start = Checkpoint.start(STATE.image)
    assert start.image is start.last_finite is STATE.image
    assert start[3:] == ({}, {}, [], 0, [], {}, "", None, 0)
    assert start.step == 0


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


DAMAGES: dict[str, dict[str, Any]] = {
    "step": {"step": "7"}, "negative": {"step": -1}, "truth": {"backoffs": True}, "image": {"image": [1, 2]},
    "type": {"image": STATE.image.double()}, "scales": {"scales": {"conv1_1": "x"}}, "events": {"events": [[1]]},
    "words": {"events": ["step 1"]}, "lowest": {"lowest": ["x"]}, "optimiser": {"optimiser": [1]}, "run": {"run": 3},
    "more": {"further": 1}, "average": {"average": [1]}, "shape": {"average": torch.rand(3, 4, 4), "averaged": 1},
    "averaged": {"average": STATE.image, "averaged": -1}, "lost": {"averaged": 3},
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_state_that_is_damaged_inside_is_a_message(tmp_path: Path, name: str) -> None:
    fields = {"format": checkpoint.FORMAT, **STATE._asdict(), **DAMAGES[name]}
    torch.save(fields, tmp_path / NAME)
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.load(tmp_path / NAME, *LIKE)


@pytest.mark.parametrize("missing", ["step", "image", "optimiser", "scales", "events", "backoffs"])
def test_a_state_that_lacks_something_is_a_message(tmp_path: Path, missing: str) -> None:
    fields = {"format": checkpoint.FORMAT, **STATE._asdict()}
    del fields[missing]
    torch.save(fields, tmp_path / NAME)
    with pytest.raises(UserError, match=f"not a checkpoint of stx.*{missing}"):
        checkpoint.load(tmp_path / NAME, *LIKE)


def test_a_state_is_its_run_s_alone_and_older_ones_are_anybody_s(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE._replace(run="one"))
    assert checkpoint.load(tmp_path / NAME, *LIKE, "one")
    assert checkpoint.load(tmp_path / NAME, *LIKE)
    with pytest.raises(UserError, match="it is another run's"):
        checkpoint.load(tmp_path / NAME, *LIKE, "other")
    checkpoint.save(tmp_path / NAME, STATE)
    assert checkpoint.load(tmp_path / NAME, *LIKE, "other")


OPTIMISERS = {
    "adam": partial(Adam, lr=0.1, bands=1, beta1=0.9, beta2=0.999, carry=False),
    "lbfgs": partial(LBFGS, history=2, first_step=0.1),
    "lbfgs_plain": partial(PlainLBFGS, lr=0.1, history=2, unit=1.0),
}


def stepped(name: str, image: Tensor) -> dict[str, Any]:
    """The state of an optimiser behind three steps towards grey."""
    image = image.clone().requires_grad_()
    optimiser = OPTIMISERS[name]([image])

    def closure() -> Tensor:
        image.grad = None
        loss = (image - 0.5).square().sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimiser.step(closure)
    return optimiser.state_dict()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_state_of_another_optimiser_is_a_message(tmp_path: Path, name: str) -> None:
    own = STATE._replace(optimiser=stepped(name, STATE.image))
    checkpoint.tried(tmp_path / NAME, own, OPTIMISERS[name])
    for other in OPTIMISERS.keys() - {name}:
        with pytest.raises(UserError, match="it is another optimiser's"):
            checkpoint.tried(tmp_path / NAME, own, OPTIMISERS[other])
    larger = torch.rand(3, 6, 5)
    with pytest.raises(UserError, match="not a checkpoint of stx"):
        checkpoint.tried(tmp_path / NAME, STATE._replace(optimiser=stepped(name, larger)), OPTIMISERS[name])


def test_a_state_is_made_light_and_goes_on_from_the_picture_it_is_given(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / NAME, STATE._replace(average=STATE.last_finite, averaged=7))
    picture = torch.rand(3, 4, 5)
    checkpoint.lighten(tmp_path / NAME, picture)
    light = checkpoint.load(tmp_path / NAME, *LIKE)
    assert light
    assert torch.equal(light.image, picture)
    assert torch.equal(light.last_finite, picture)
    assert (light.optimiser, light.step, light.scales) == ({}, 7, STATE.scales)
    assert (light.average, light.averaged) == (None, 0)
    checkpoint.lighten(tmp_path / "none.pt", picture)
    assert not (tmp_path / "none.pt").exists()


@pytest.mark.parametrize(
    "trouble", [PermissionError(13, "Permission denied"), MemoryError(), RuntimeError("CUDA out of memory. Tried ...")]
)
def test_a_state_is_not_called_damaged_where_it_could_not_be_read_for_lack_of_memory_or_of_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    checkpoint.save(tmp_path / NAME, STATE)

    def fails(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(torch, "load", fails)
    with pytest.raises(type(trouble)) as raised:
        checkpoint.load(tmp_path / NAME, *LIKE)
    assert raised.value is trouble
