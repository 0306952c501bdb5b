"""The version of its format that a file states."""


def version_of(stated: object) -> int:
    """The version, as a file states it. Raises ValueError if it is no whole number; true, which Python takes for 1,
    is none."""
    if type(stated) is not int:
        raise ValueError("format: it is no whole number")
    return stated


def later(version: int, newest: int) -> str:
    """What a message says of a file whose format is newer than `newest`."""
    return f"written by a later version of stx (format {version}); this one reads up to {newest}"
