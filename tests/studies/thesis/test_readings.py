"""Which verdicts depend on the reading: told of the words alone."""

import pytest

from stx.studies.thesis.readings import dependence
from stx.studies.thesis.verdicts import CANNOT, NOT, REPRODUCED

TEXT, CAPTION = "E3, text", "E3, caption"


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ({"E2": (NOT, NOT)}, "No verdict depends on it."),
        ({"E2": (NOT, REPRODUCED), "E5": (NOT, NOT)}, "The verdicts of E2 depend on it."),
        (
            {TEXT: (REPRODUCED, NOT), CAPTION: (CANNOT, REPRODUCED)},
            f"The verdicts of {TEXT} and {CAPTION} depend on it. "
            "Neither reading gives both sentences of E3 at this size and in these steps.",
        ),
        (
            {TEXT: (REPRODUCED, NOT), CAPTION: (NOT, REPRODUCED)},
            f"The verdicts of {TEXT} and {CAPTION} depend on it. Neither reading gives both sentences of E3.",
        ),
        ({TEXT: (REPRODUCED, NOT), CAPTION: (REPRODUCED, REPRODUCED)}, f"The verdicts of {TEXT} depend on it."),
        ({TEXT: (REPRODUCED, REPRODUCED)}, "No verdict depends on it."),
    ],
)
def test_what_depends_on_the_reading_is_named(verdicts: dict[str, tuple[str, str]], said: str) -> None:
    assert dependence(verdicts) == said
