"""A term at one of its places in the network: its reference, its target and its scale."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from stx.errors import UserError
from stx.model.names import place
from stx.model.terms import PICTURE, Features, Term, Weights, copied, moved, tensors_of


class Part(nn.Module):
    """A term at one of its places: target and scale, fitted once, or renewed as often as the term says."""

    def __init__(self, term: Term, place: tuple[str, ...], several: bool, share: float):
        super().__init__()
        self.term, self.layers = term, place
        self.layer = label(term, place)
        names = [self.layer] * bool(self.layer) + [term.name] * several
        self.place = "/".join(names)
        """The layer, followed by the term's name if the group has `several` terms."""
        self.key = (f"{term.group}/" if term.prefix is None else term.prefix) + self.place
        self.key = self.key.rstrip("/")
        """The part's name in scales and gradient norms."""
        self.statistic: Callable[..., Tensor] = term.statistic
        self.given: Features | None = None
        """Features of the target picture, kept if the reference will be made from them again."""
        self.given_weights: Weights = None
        """Weights of the positions of `given`."""
        self.weights: Weights = None
        """Weights of the positions of the pictures that are judged."""
        self.target: Tensor | None
        self.register_buffer("target", None)
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(()))
        self.share: Tensor
        self.register_buffer("share", torch.tensor(share))
        """Weight in the group's loss: w_l times the term's share, divided by the number of the group's terms here."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Part":
        """Implement `.to(device)`: the reference moves along with target and scale."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.statistic = moved(self.statistic, fn)
        self.given, self.given_weights, self.weights = (
            fn(each) if isinstance(each, Tensor) else each and [fn(one) for one in each]
            for each in (self.given, self.given_weights, self.weights)
        )
        return self

    def values(self, features: Features, weights: Weights) -> Tensor:
        return self.statistic(features) if weights is None else self.statistic(features, weights=weights)

    def ours(self, features: Features) -> Tensor:
        """The values of a picture that is judged; it may be a tile."""
        return self.statistic(features, **self.term.told) if self.term.wraps else self.values(features, self.weights)

    def fit(self, features: Features, ours: Features | None = None, step: int = 0, weights: Weights = None) -> None:
        """Make reference and target from the features of the picture that the term is toward.

        Existing tensors are overwritten in place if their shapes allow it, since a CUDA graph reads them at a fixed
        address.
        """
        self.refer(self.term.fit(features, ours, step, weights, self.weights))
        if self.term.distance is not None:
            self.aim(self.values(features[0] if self.term.rotations else features, weights))
        again = bool(self.term.renew or (self.term.follows and ours is None))
        self.given, self.given_weights = (features, weights) if again else (None, None)

    def refer(self, fitted: Callable[..., Tensor]) -> None:
        """Take over a statistic with its reference, as `Term.fit` returns it."""
        if self.term.renew:
            fitted = moved(fitted, torch.clone)  # so that overwriting it does not change the features that are kept
        if not copied(fitted, into=self.statistic):
            self.statistic = fitted

    def aim(self, values: Tensor) -> None:
        """Set the target."""
        self.target = values if self.target is None else self.target.copy_(values)

    def blend(self, picture: str, features: Features, weights: Weights) -> None:
        """Add a picture to a target that is the mean of several pictures' values; `term.toward` must come first."""
        if picture in self.term.blend and self.target is not None:
            self.mix(picture, self.target if picture == self.term.toward else self.values(features, weights))

    def mix(self, picture: str, values: Tensor) -> None:
        """The same as `blend`, from the values of the picture."""
        assert self.target is not None
        if picture == self.term.toward:
            self.target.mul_(self.term.blend[picture])
        else:
            self.target.add_(values, alpha=self.term.blend[picture])

    def restore(self, tensors: Sequence[Tensor]) -> None:
        """Restore reference and target that `renewed` returned before a resume. Raises UserError if shapes differ."""
        if [each.shape for each in tensors] != [each.shape for each in self.renewed]:
            where = place(self.key)
            raise UserError(
                f"the run's saved state is that of another statistic at {where}; begin anew, without resume="
            )
        for tensor, value in zip(self.renewed, tensors, strict=True):
            tensor.copy_(value)

    @property
    def renewed(self) -> list[Tensor]:
        """The tensors that change during a run: those of the reference, and the target. Empty if nothing is renewed."""
        if not self.term.renew:
            return []
        return [*tensors_of(self.statistic), *([] if self.target is None else [self.target])]

    def fits(self, features: Features) -> None:
        """Set the scale for pictures with such features. Raises UserError if their values have another shape.

        A reference that depends on the picture that is made is fitted to these features first.
        """
        if self.term.follows and self.given is not None:
            self.fit(self.given, features, weights=self.given_weights)
        if self.target is None:
            return
        self.suit(self.ours(features), features if isinstance(features, Tensor) else features[0])

    def suit(self, values: Tensor, features: Tensor) -> None:
        """Set the scale for pictures with such values; only their shapes matter. Raises UserError as `fits` does."""
        if self.target is None:
            return
        if values.shape != self.target.shape:
            raise UserError(
                f"this {self.term.group} statistic compares position by position, so both pictures must have one size: "
                f"use style_size=same ({place(self.key)}: {tuple(values.shape)} against {tuple(self.target.shape)})"
            )
        self.scale.fill_(self.term.factor(values, features))

    def forward(self, features: Features) -> tuple[Tensor, Tensor]:
        """The distance, not yet scaled, and the values that it was computed from."""
        values = self.ours(features)
        if self.target is None or self.term.distance is None:
            return values, values
        return self.term.distance(values, self.target), values


def label(term: Term, place: Sequence[str]) -> str:
    """The name of a place in metrics; empty for a term on the picture itself that has no target."""
    if len(place) > 1:
        return f"{place[0]}-{place[-1]}"
    return "" if place[0] == PICTURE and term.toward is None else place[0]


def at_place(part: Part, waiting: Mapping[str, Tensor], features: Tensor) -> Features:
    """The features that a part looks at: `features` at its last layer, earlier ones of a joint term from `waiting`."""
    return part.term.of([waiting[layer] for layer in part.layers] if part.term.joint else [features])
