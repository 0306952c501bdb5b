"""Names of metrics and of the parts of a loss: the same in tables, charts, messages and stores."""


def metric(name: str) -> str:
    """A metric's name with a single slash, after its kind, as in `style_loss/conv1_1 gram`.

    A store groups metrics by what precedes the slash, so the statistics at one layer are listed side by side.
    """
    kind, slash, where = name.partition("/")
    return kind + slash + place(where)


def place(key: str) -> str:
    """The name of a part of a loss, from its key: its layer and its term, as in `conv1_1 gram`."""
    return key.replace("/", " ")
