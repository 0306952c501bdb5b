"""Run docs/notebook.ipynb and keep what its cells show, pictures only as PNG.

python scripts/notebook.py
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path("docs/notebook.ipynb")


def main() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": "docs"}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when each was run
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/jpeg", None)
    nbformat.write(notebook, NOTEBOOK)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
