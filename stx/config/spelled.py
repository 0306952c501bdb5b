"""Values in messages, as one types them."""

from typing import Any


def spelled(value: Any) -> str:
    """null, true, 1000, [a,b] and {a:1} for what Python calls None, True, 1000.0, ['a', 'b'] and {'a': 1}."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{','.join(map(spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{spelled(inner)}' for key, inner in value.items())}}}"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
