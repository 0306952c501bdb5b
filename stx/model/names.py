"""What metrics, and the parts of a loss that they are of, are called: in tables, charts, messages and stores alike."""


def metric(name: str) -> str:
    """With one slash, behind the kind: a store puts all of a kind below one heading, so that a layer's several
    statistics stand beside each other, as `style_loss/conv1_1 gram`."""
    kind, slash, where = name.partition("/")
    return kind + slash + place(where)


def place(key: str) -> str:
    """Of a part of a loss, by its key: its layer and its term, `conv1_1 gram`."""
    return key.replace("/", " ")
