"""Which runs of a store are meant by a name, an id or a filter."""

import re
from collections.abc import Sequence

from stx.config.addresses import database_file
from stx.config.secrets import public, revealed
from stx.errors import UserError, did_you_mean, first_line
from stx.runs.tracking.patient import Patient
from stx.runs.tracking.reach import answers, reachable
from stx.runs.tracking.store import PARENT, moved, touched
from stx.runs.tracking.stored import Run, paged, search
from stx.runs.tracking.verdict import Verdict, reason, verdict

ID = re.compile(r"[0-9a-f]{32}")
"""MLflow's id of a run."""
CONDITION = re.compile(r"[=<>]|\b(?:I?LIKE|IN|IS)\b", re.IGNORECASE)
"""An operator, which every filter contains."""
OTHERWISE = "name a folder of runs, which needs no store, or another store: tracking.uri=..."
NESTED = "tags.`mlflow.parentRunId` != ''"
BATCH = "stx.batch"
"""The tag of a run that stands for many."""


class Experiments:
    """The experiments of a store, with their runs. Raises UserError if the store is missing or does not answer."""

    def __init__(self, uri: str):
        self.uri = public(uri)
        uri = revealed(uri)
        file = database_file(uri)
        try:
            answers(uri)
            if file and not file.exists():
                raise UserError(f"tracking.uri={self.uri}: there is no such file, so no run has been recorded there")
        except UserError as error:  # whose advice is for a run that begins
            raise UserError(f"{first_line(error)}\n{OTHERWISE}") from None
        with reachable(uri), touched(uri) as client:
            self.client = Patient(client)
            experiments = [*paged(client.search_experiments)]
            if file:
                for one in experiments:
                    moved(file, str(one.artifact_location))
        self.ids = {one.name: str(one.experiment_id) for one in experiments}

    def runs(self, experiment: str, condition: str = "") -> list[Run]:
        """The runs of an experiment, given its name, oldest first; with an MLflow filter, those that meet it.

        Raises UserError for what is no experiment, or no filter.
        """
        from mlflow.exceptions import MlflowException

        if experiment not in self.ids:
            hint = did_you_mean(experiment, self.ids)
            raise UserError(f"tracking.experiment={experiment}: {self.uri} has no such experiment{hint}")
        try:
            return leaves(search(self.client, self.ids[experiment], condition)[::-1])
        except MlflowException as error:
            if not condition or verdict(error) is Verdict.AWAY:
                raise
            why = " ".join(reason(error).split())
            raise UserError(
                f"{condition}: MLflow cannot read this filter; write \"params.style_stat = 'gram'\", "
                f"or 'metrics.\"measure/content\" < 0.9'\n({why})"
            ) from None

    def below(self, run_id: str) -> list[Run]:
        """The runs below a run, at whatever depth, that stand for no others; the run itself if there are none.

        Empty if the store has no such run. Raises UserError if it was deleted.
        """
        from mlflow.exceptions import MlflowException

        try:
            run = self.client.get_run(run_id)
        except MlflowException as error:
            if verdict(error) is not Verdict.UNKNOWN:
                raise
            return []
        if run.info.lifecycle_stage == "deleted":
            raise UserError(f"{run_id} was deleted in this store; restore it: mlflow runs restore --run-id {run_id}")
        nested = search(self.client, run.info.experiment_id, NESTED)[::-1]
        return leaves(descendants(nested, run_id)) or [Run(self.client, run)]


def descendants(runs: Sequence[Run], ancestor: str) -> list[Run]:
    """Those of the runs that are, at whatever depth, below the run with the id `ancestor`."""
    inside, before = {ancestor}, 0
    while len(inside) > before:
        before = len(inside)
        inside |= {run.id for run in runs if run.tags.get(PARENT) in inside}
    return [run for run in runs if run.id in inside - {ancestor}]


def leaves(runs: Sequence[Run]) -> list[Run]:
    """The runs without those that stand for others; all of them if none would be left."""
    parents = {run.tags.get(PARENT) for run in runs}
    return [run for run in runs if run.id not in parents and BATCH not in run.tags] or list(runs)
