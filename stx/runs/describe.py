"""What a run says about itself: on the terminal, in its folder and in its tracker."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from stx.config import search_path
from stx.config.compose import override
from stx.config.schema import Config
from stx.config.secrets import hidden
from stx.config.trust import own_modules
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Outcome
from stx.model.blocks import margin
from stx.model.prepare import Inputs
from stx.model.temporal import CONSISTENT
from stx.model.trials import edged, position_free, unmaskable
from stx.model.working_size import deepest_layer, halved
from stx.pictures.masks import OPAQUE
from stx.pictures.sizes import Size
from stx.runs import words
from stx.runs.divergence import diverged
from stx.runs.files import CHECKPOINT, OUTPUT
from stx.runs.identity import Identity, versions
from stx.runs.job import Job
from stx.runs.naming import pair
from stx.runs.params import params
from stx.runs.tracking.note import About, code
from stx.runs.tracking.store import MEASURED_AT
from stx.runs.words import noisy, style_share


def command(job: Job) -> str:
    modules = own_modules(job.config.model_dump(by_alias=True))
    return typed(job.overrides, job.resumed.begun_in if job.resumed else "", modules)


def typed(overrides: Sequence[str], place: str = "", modules: Sequence[str] | None = None) -> str:
    """The command line with these overrides, for the folder `place`, or the current one."""
    return search_path.command_line(["run"], overrides, place, modules)


def recorded(record: Identity) -> str:
    """The command line that repeats the run of a record, without passwords."""
    return hidden(typed(record.overrides, record.begun_in, own_modules(record.config)))


def run(job: Job, inputs: Inputs, record: Identity) -> About:
    """Name, params and tags for the tracker."""
    config, choices = job.config, job.choices
    tags = {
        "stx.command": command(job),
        "stx.begun_in": record.begun_in,
        "stx.folder": str(job.folder.absolute()),
        "stx.hardware": inputs.hardware.description,
        "stx.expected_memory_gb": f"{inputs.memory / 1e9:.1f}",
        **in_blocks(inputs),
        "stx.weights_sha256": inputs.weights.sha256,
        "stx.versions": versions(),
        **({"stx.resumed": changed(record)} if changed(record) else {}),
        **job.tags,
    }
    return About(
        job.name or pair(config),
        params(config, choices, job.overrides, inputs.size),
        tags,
        headline(config, inputs, choices),
        command(job),
        record.id,
        config.optim.steps,
        record.begun_in,
    )


def headline(config: Config, inputs: Inputs, choices: Mapping[str, str]) -> str:
    """What the run makes, in Markdown. Names of files are set as code, as they may contain anything."""
    width, height = inputs.size
    style = f"the style of {' and '.join(map(code, config.styles.values()))}"
    made = f"A texture in {style}" if config.content is None else f"{code(config.content)} in {style}"
    return f"{made}, {width} x {height} pixels, by the statistic {code(choices['style_stat'])}."


def remedy(inputs: Inputs) -> str:
    """How to keep the proportions of the pictures that were squashed."""
    cures = {
        "photograph": "image_size=photograph keeps its proportions",
        "painting": "style_size=own keeps its own",
        "start": "start from a picture with the result's proportions",
    }
    if not position_free(inputs.terms):
        cures["painting"] = "the style statistic compares position by position, which takes two pictures of one size"
    return "; ".join(cures[name] for name in inputs.squashed)


def of_blocks(config: Config, inputs: Inputs) -> list[str]:
    """Lines about the blocks in which a picture goes through the network, if there is something to say."""
    if not inputs.budget.side:
        whole = "a block and its margin have all of the picture, which goes in one piece"
        return [f"blocks={config.blocks}: {whole}"] if isinstance(config.blocks, int) else []
    said = in_blocks(inputs)
    lines = [f"in blocks: {said['stx.blocks']}, {inputs.budget.why} (blocks)"]
    if inputs.measured_at:
        lines.append(f"measured at {inputs.measured_at}, as the whole would take more memory")
    return lines


def in_blocks(inputs: Inputs) -> dict[str, str]:
    """Tags for a picture that does not go through the network in one piece."""
    side = inputs.budget.side
    if side is None:
        return {}
    said = {"stx.blocks": f"{side} x {side} pixels and {margin(inputs.terms)} around them"}
    return said | ({MEASURED_AT: inputs.measured_at} if inputs.measured_at else {})


def changed(record: Identity) -> str:
    """What differs from when the run was last at work; empty for a new run."""
    now = record.resumed[-1] if record.resumed else {}
    return ", ".join(f"{name} {value}" for name, value in now.items() if name != "at")


def opening(job: Job, inputs: Inputs, record: Identity, resumed: Checkpoint | None) -> str:
    config, (width, height) = job.config, inputs.size
    lines = [
        f"{title(config, job.choices)}, {width} x {height}, "
        f"{config.optim.steps} steps on {inputs.hardware.description}, about {inputs.memory / 1e9:.1f} GB of memory"
    ]
    if config.tile:
        lines += of_tiles(config, inputs)
    if len(inputs.styles) > 1 and config.masks.content is None:
        means = any(term.blend for term in inputs.terms)
        how = "means of their statistics" if means else "the sum of their losses"
        shares = " and ".join(f"{share:.0%} {config.styles[name]}" for name, share in config.mix.items())
        lines.append(f"style: {shares}, by {how} (style_blend)")
    if config.masks.content is not None:
        guides = {name: guide for name, guide in inputs.guides["content"].items() if name not in (OPAQUE, CONSISTENT)}
        areas = ", ".join(f"#{region} {float(guide.mean()):.0%}" for region, guide in guides.items())
        lines += [f"masks: {areas} of the photograph's area", *inputs.notes]
    if inputs.on_white:
        why = ", ".join(unmaskable([term for term in inputs.terms if term.name in inputs.on_white]))
        lines.append(f"transparent: white to {', '.join(inputs.on_white)}, as {why} takes no weights of positions")
    lines += of_blocks(config, inputs)
    if inputs.squashed:
        lines.append(f"squashed to {width} x {height}: the {' and the '.join(inputs.squashed)}; {remedy(inputs)}")
    if changed(record):
        lines.append(
            f"different from before: {changed(record)}; its last digits may differ from those of an unbroken run"
        )
    if job.resumed:
        behind = resumed.step if resumed else 0
        lines.append(
            f"continues after step {behind}" if behind else f"starts again: it has no saved state yet ({CHECKPOINT})"
        )
    if resumed and resumed.step and not resumed.optimiser:
        lines.append("its optimiser starts again, from the picture (guard.keep_state=true keeps what it remembers)")
    fresh = sorted({term.name for term in inputs.terms if term.renew == 1})
    if fresh and "LBFGS" in config.optim.target:
        lines.append(
            f"{', '.join(fresh)}: different in every step, which L-BFGS may mistake for curvature; optim=adam copes "
            "with it"
        )
    weights = config.loss_weights
    if config.content is not None and weights.calibrate == "gradient" and weights.beta > 30 * weights.alpha:
        lines.append("loss_weights: with beta beyond 30 times alpha the content may be lost")
    return "\n".join(lines)


def of_tiles(config: Config, inputs: Inputs) -> list[str]:
    """Lines with what to know about a picture that tiles."""
    multiple = halved(deepest_layer(inputs.terms))
    given = f"; padding={config.given_padding} is what is beyond the edges of the given pictures"
    lines = [f"tile: it goes on at its other side, with sides that are multiples of {multiple}{given}"]
    if names := edged(inputs.terms):
        lines.append(
            f"tile: {', '.join(names)} sees where a tile begins: it compares places, or looks no further than edges"
        )
    return lines


def how_to_go_on(folder: Path, picture: Path | None = None, enlarged: str = "", alone: bool = True) -> str:
    """Where the picture so far is, and the command that resumes the run, unless it is one of a sweep's and so not
    `alone`. `picture`: where it was delivered."""
    so_far = f"the picture so far{enlarged}: {picture or folder / OUTPUT}"
    return f"{so_far}\ngo on: {typed([override('resume', str(folder))])}" if alone else so_far


def last(folder: Path, picture: Path, outcome: Outcome, signal: int | None, size: Size, alone: bool = True) -> str:
    """Where the picture is, and how to go on. `size`: the picture's (width, height), which the last steps have."""
    if outcome.stopped:
        height, width = outcome.picture.shape[1:]
        enlarged = "" if (width, height) == size else f", enlarged from {width} x {height}"
        return how_to_go_on(folder, picture, enlarged, alone)
    return f"{'interrupted at its end; ' if signal else ''}the picture: {picture}"


def title(config: Config, choices: Mapping[str, str]) -> str:
    styles = " and ".join(config.styles.values())
    what = f"a texture of {styles}" if config.content is None else f"{config.content} in the style of {styles}"
    return f"{choices['style_stat']}: {what}"


def closing(outcome: Outcome, measured: Mapping[str, float], where: str, config: Config) -> str:
    """How a run with a config ended. `where` says where its tracker shows it; empty without one."""
    steps = f"{outcome.steps} step{'' if outcome.steps == 1 else 's'}"
    lines = [f"{outcome.status} after {steps}"]
    if outcome.events and not outcome.diverged:
        times = "once, at" if len(outcome.events) == 1 else f"{len(outcome.events)} times: first at"
        lines = [f"{outcome.status} after {steps}, having gone back {times} {outcome.event}"]
    elif outcome.event:
        lines = [diverged(outcome, config)]
    if outcome.converged:
        lines.append("converged: the loss falls no more (optim.stop_at)")
    if outcome.pruned:
        lines.append("earlier trials of its search had come further by then")
    if outcome.stalled and not outcome.diverged:
        lines.append("the optimiser stalled: not even a short step along the gradient still lowers the loss")
    if measured:
        if "measure/content" in measured and measured["baseline/sliced_wasserstein"] > 0:
            lines.append(words.closing(measured))
        lines.append(distances(measured))
        if "measure/wrap" in measured:
            lines.append(f"tile: steps across its edges {measured['measure/wrap']:.2f} times those inside")
        if noise := noisy(measured, config):
            lines.append(noise)
    if where:
        lines.append(f"MLflow: {where}")
    return "\n".join(lines)


def story(outcome: Outcome, measured: Mapping[str, float]) -> list[str]:
    """For the run's page in its store: what came of it, and its distances with their scales."""
    steps = f"{outcome.steps} step{'' if outcome.steps == 1 else 's'}"
    if "measure/content" not in measured:
        return [", ".join([steps, *([distances(measured)] if measured else [])])]
    return [f"{steps}, {words.closing(measured)}", words.scales(measured)]


def distances(measured: Mapping[str, float]) -> str:
    """How far the picture is from painting and photograph."""
    style = measured["measure/sliced_wasserstein"]
    if "measure/content" not in measured:
        return f"style distance {style:.3g} (sliced Wasserstein)"
    share = style_share(style, measured["baseline/sliced_wasserstein"])
    said = f"style distance {share:.2f} of the photograph's own"
    return (
        f"{'photograph and painting are of one style' if math.isnan(share) else said}, "
        f"content distance {measured['measure/content']:.2f}, structure distance {measured['measure/cfsd']:.2f}"
    )
