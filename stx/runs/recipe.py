"""A digest of what a run is asked to make, whatever the machine: it identifies the runs of a published report.

A batch's own digest is stricter: it also covers the device and the pixels of the pictures as this machine resized them.
"""

import hashlib
import json

from stx.config.schema import Config
from stx.model.prepare import Inputs
from stx.runs.digest import NUMERICS, settings
from stx.runs.identity import named_files


def recipe(config: Config, inputs: Inputs) -> str:
    """SHA-256, in hexadecimal digits, of the settings that a result depends on, the files' digests and the sizes."""
    asked = {
        "numerics": NUMERICS,
        "precision": config.precision,  # auto stays auto: each machine resolves it, and a report says to what
        "settings": settings(config),
        "files": named_files(config, inputs),
        "sizes": [list(picture.shape[1:]) for picture in (inputs.initial, *inputs.styles.values())],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
