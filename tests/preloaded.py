"""What a test's command finds done when it starts: commands are forked from a process that has imported this.

Imports, which take longer than all else that most commands do, and what each of them would read or paint for itself.
tests/test_wheel.py types commands into a shell, where nothing is done beforehand.
"""

import sys
from pathlib import Path

import stx.runs.tracking  # what MLflow reads of the environment when it is imported

sys.path.append(str(Path(__file__).parent))  # which pytest's own processes have

# isort: split

import matplotlib.pyplot  # noqa: F401
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
import pytest  # noqa: F401
import quick_hydra  # noqa: F401
from sqlalchemy.orm import configure_mappers

import stx.measures.judge
import stx.pictures.charts
import stx.run
import stx.runs.make
import stx.runs.naming
import stx.runs.preflight
import stx.runs.resume
import stx.runs.tracking.store
import stx.studies.compare.report
import stx.studies.thesis.report  # noqa: F401
from stx.config.compose import composition
from stx.model.weights import load_weights
from stx.pictures.bundled import painted
from stx.runs.naming import plain

configure_mappers()
composition(())
plain()  # what a run's name is compared with
painted("swirls")
for network in ("vgg19", "vgg19_random"):
    load_weights(network, None, 0)
