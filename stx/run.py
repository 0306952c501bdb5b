"""stx run: what was typed -> a job -> its picture."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(composed: "DictConfig") -> None:
    # Imported late, here and below, so that Ctrl-C is handled during the imports, and because torch takes a second,
    # which --help, completion and mistakes in the options need not wait for.
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from stx.config import command

    # Errors are reported here because Hydra would put a line of its own before the message. In a sweep by a sweeper
    # other than stx's, that line is wanted: it says which job failed.
    with command.answering() if HydraConfig.get().mode == RunMode.RUN else nullcontext():
        from stx.runs.composed import picture

        command.result(str(picture(composed)))


def main() -> None:
    import hydra

    from stx.config import command
    from stx.config.schema import CONF
    from stx.runs.axes import many
    from stx.runs.repeat import repeated
    from stx.runs.sweep_record import taken_up

    def read(typed: list[str]) -> list[str]:
        return many(repeated(taken_up(typed)))

    command.main(hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(job), read)


if __name__ == "__main__":
    main()
