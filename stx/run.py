"""stx run: what was typed -> a job -> its picture."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is answered while they work
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(composed: "DictConfig") -> None:
    # Late, here and below: so that Ctrl-C while they are imported is answered; and torch takes a second, that --help,
    # completion and mistakes need not wait for.
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from stx.config import command

    # The answer is given here, as Hydra would put a line of its own before it. Of a sweep by another sweeper than stx's
    # that line says which job it was.
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
