"""Values in messages, as one types them."""

from typing import Any


def spelled(value: Any) -> str:
    """null, true, 1000 and [a,b] for what Python calls None, True, 1000.0 and ['a', 'b']."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{','.join(map(spelled, value))}]"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
