"""Configs of earlier runs, which lack options that were added later."""

from typing import Any

from pydantic import ValidationError

from stx.config.explain import explain
from stx.config.schema import Config
from stx.errors import UserError

OPTIMISERS = {"adam": "Adam", "lbfgs": "LBFGS", "lbfgs_plain": "PlainLBFGS"}
"""Names of optimisers in configs of earlier versions, with those they have now."""

FEATURES = {"_target_": "stx.stats.features", "distance": {"_target_": "stx.stats.half_sum_of_squares"}}
LATER = {
    "resume": None,
    "from_picture": None,
    "output": {
        "file": None,
        "quality": 95,
        "bits": 8,
        "profile": "srgb",
        "metadata": False,
        "timelapse": None,
    },
    "sweep": {"resume": False, "plan": False, "jobs": None},
    "activation_checkpointing": False,
    "timing": False,
    "live": False,
    "deterministic": True,
    "content_stat": FEATURES,
    "prior": {"_target_": None},
    "colour": {"name": "style"},
    "style_scale": 1.0,
    "style_mix": None,
    "style_blend": "auto",
    "masks": {"content": None, "style": None},
    "temporal": {"name": "none"},
    "padding": "zeros",
    "blocks": "auto",
    "tile": False,
}
"""Options that earlier versions lacked, with the values that do what those versions did."""


def restored(dumped: Any) -> Config:
    """The config that an earlier run dumped. Raises UserError if this version cannot read it."""
    try:
        guard = {"keep_state": True, **dumped["guard"]}
        tracking = {"plots": False, **dumped["tracking"]}
        tracking = {"points": 0} | tracking if tracking["name"] == "mlflow" else tracking
        pooling = {"rescale": 1.0, **dumped["pooling"]}
        optim = {"pyramid": [], "factor": 2.0, "stop_at": None, "average": 0.0, **dumped["optim"]}
        if name := optim.pop("name", None):
            optim = {"bands": 0} | optim if name == "adam" else optim
            optim["_target_"] = f"stx.loop.optimisers.{OPTIMISERS.get(name, name)}"
        if optim.get("_target_") == "stx.loop.optimisers.Adam":
            optim = {"beta1": 0.9, "beta2": 0.999, "carry": False} | optim
        if optim.get("_target_") == "stx.loop.optimisers.PlainLBFGS":
            optim = {"unit": 1.0} | optim
        sections = {"guard": guard, "optim": optim, "pooling": pooling, "tracking": tracking}
        return Config.model_validate({**LATER, **dumped, **sections})
    except (ValidationError, TypeError, KeyError) as error:
        raise UserError(
            f"the run's config: {explain(error, dumped)}"
            if isinstance(error, ValidationError)
            else "the run holds no config"
        ) from None
