"""The survey's folder: a page that is one file, and the key to it."""

import base64
import hashlib
import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stx import atomic
from stx.errors import UserError
from stx.studies.survey import key
from stx.studies.survey.questionnaire import Questionnaire

PARTS = Path(__file__).parent / "page"
TEMPLATES = Environment(loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined)


def write(folder: Path, made: Questionnaire) -> Path:
    """The page. Raises UserError where the folder holds another survey, of which there may be answers."""
    if (folder / key.KEY).exists() and key.read(folder).survey != made.key.survey:
        raise UserError(f"output={folder}: it holds another survey, whose answers belong to it; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    key.write(folder, made.key)
    atomic.write(folder / key.PAGE, page(made))
    return folder / key.PAGE


def page(made: Questionnaire) -> str:
    style, script = ((PARTS / name).read_text(encoding="utf-8") for name in ("survey.css", "survey.js"))
    return TEMPLATES.get_template("survey.html").render(
        policy=policy(style, script), style=Markup(style), script=Markup(script), survey=inert(made.public)
    )


def policy(style: str, script: str) -> str:
    """What the page may do: run its own script, and tell the server that it came from, if any."""
    return (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def inert(public: dict[str, object]) -> Markup:
    """JSON that ends no element and begins none."""
    return Markup(json.dumps(public, separators=(",", ":")).replace("<", "\\u003c"))
