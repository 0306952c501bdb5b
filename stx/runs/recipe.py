"""What a run is asked to make, whatever machine makes it: by it a run of a published report is known again.

A batch's own digest is stricter: it has the pictures' pixels as this machine resized them, and the device.
"""

import hashlib
import json

from stx.config.schema import Config
from stx.model.prepare import Inputs
from stx.runs.digest import NUMERICS, settings
from stx.runs.identity import named_files


def recipe(config: Config, inputs: Inputs) -> str:
    """SHA-256, in hexadecimal digits, of the settings that a result depends on, of every file's digest and of sizes."""
    asked = {
        "numerics": NUMERICS,
        "precision": config.precision,  # auto is what each machine makes of it; a report says what that was
        "settings": settings(config),
        "files": named_files(config, inputs),
        "sizes": [list(picture.shape[1:]) for picture in (inputs.initial, *inputs.styles.values())],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
