"""E6, evaluation by evaluation: the overflow, its cause and its cure."""

from stx.studies.page import Block, Heading, Table, Text
from stx.studies.thesis.material import Material, number

PRINTED = {"conv1_1": 122.1, "conv2_1": 2069.0, "conv3_1": 1306.0, "conv4_1": 25961.0, "conv5_1": 35.4}
"""What the thesis prints in E6, twice, before the values explode."""


def section(material: Material) -> list[Block]:
    ours = material.evidence.get("e06_gram_cooc_vector")
    if not ours:
        return []
    first = ours.layers("style_magnitude", "first")
    contrasty = material.evidence.get("e02_cooc_tensor")
    squares = contrasty.layers("style_magnitude", "first") if contrasty else {}
    magnitudes = [
        [layer, number(printed), number(first.get(layer)), number(squares[layer] ** 2 if layer in squares else None)]
        for layer, printed in PRINTED.items()
    ]
    config = material.planned["e06_gram_cooc_vector"].job.config
    return [
        Heading("Why: the overflow of E6"),
        Text(
            f"The thesis names no settings. These do what it prints: `optim=lbfgs_plain` (PyTorch's L-BFGS, no line "
            f"search, no clamp), noise between {getattr(config.init, 'low', 0):g} and "
            f"{getattr(config.init, 'high', 1):g}, a style weight of {config.loss_weights.beta:g} with the literal "
            "factor. Every number that is not finite is caught at its first step with its layer: "
            f"{ours.event or 'none here'}; the last finite picture stays."
        ),
        Table(
            ["layer", "the thesis prints", "stx, from this noise", "stx, from noise between 0 and 1"],
            magnitudes,
            "the statistic at the first evaluation: the tensor's mean square (the last column: E2's tensor, squared)",
        ),
        Text(
            "L-BFGS learns the loss's curvature from pairs: the last move s and the change of gradient y. From this "
            "start the loss curves downwards along the gradient, y·s is negative, and PyTorch skips the pair, as it "
            "does whenever y·s is 1e-10 or less. Its first move is scaled down to a length of 1 in all; its second is "
            "not: with no pair it is the whole raw gradient, far beyond what a picture can be. Gram's gradient does "
            "the same, so the descriptor is not the cause. E7's weights make the whole gradient small instead, which "
            "also hides the style."
        ),
        Table(
            ["run", "evaluation", "magnitude conv1_1", "magnitude conv4_1", "total loss", "y·s", "pairs kept"],
            evaluations(material),
            "the first three evaluations; – is a value that is not finite, or none",
        ),
    ]


def evaluations(material: Material) -> list[list[str]]:
    """The first three evaluations of each run, a row for each."""
    rows = []
    for name in ("e06_gram_cooc_vector", "e06_gram", "e06_safeguarded", "e07_small_weights"):
        run = material.evidence.get(name)
        for step in range(1, 4) if run else ():
            values = {metric: dict(points).get(step) for metric, points in run.series.items()} if run else {}
            shown = (
                "style_magnitude/conv1_1",
                "style_magnitude/conv4_1",
                "loss/total",
                "lbfgs/curvature",
                "lbfgs/pairs",
            )
            rows.append([name, str(step), *(number(values.get(metric)) for metric in shown)])
    return rows
