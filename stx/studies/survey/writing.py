"""The survey's folder: a page in a single file, and the key to it."""

from pathlib import Path

from markupsafe import Markup

from stx import atomic
from stx.errors import UserError
from stx.runs.files import refuse_filled
from stx.studies.gallery.writing import digest, inert, source
from stx.studies.page import TEMPLATES
from stx.studies.survey import key
from stx.studies.survey.questionnaire import Questionnaire

STYLES, SCRIPTS = ("base.css", "survey/page.css"), ("survey/page.js",)


def write(folder: Path, survey: Questionnaire) -> Path:
    """Write the key and the page, and return the page's path.

    Raises UserError if the folder holds another survey, which may have answers, or files that are not a survey's.
    """
    refuse_filled(folder, (key.KEY,))
    if (folder / key.KEY).exists() and key.read(folder).survey != survey.key.survey:
        raise UserError(
            f"output={folder}: it holds another survey, whose answers belong to it; name another folder: "
            "output=FOLDER, or delete this one if nobody has been asked"
        )
    folder.mkdir(parents=True, exist_ok=True)
    key.write(folder, survey.key)
    atomic.write(folder / key.PAGE, page(survey))
    return folder / key.PAGE


def page(survey: Questionnaire) -> str:
    style, script = source(STYLES), source(SCRIPTS)
    return TEMPLATES.get_template("survey/page.html").render(
        style=Markup(style),
        script=Markup(script),
        style_digest=digest(style),
        script_digest=digest(script),
        survey=inert(survey.public),
    )
