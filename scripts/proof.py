"""python scripts/proof.py [TABLE]: the results of 25 small runs, one line each; with TABLE, whether they are the same.

It is for changes that must not change any number: run it before, keep what it prints, and run it again with that file.
In float32 on one thread, on one machine, the same code gives the same bits.
"""

import csv
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL = (
    "image_size=small image_size.width=64 image_size.height=48 device=cpu precision=fp32 tracking=none seed=3 "
    "optim.steps=12 optim.pyramid=[]"
)
STATISTICS = (
    "moments_cooc gram cooc_gram shift_gram mean_std channel_histograms mmd_linear mmd_polynomial mmd_gaussian "
    "gaussian_wasserstein sliced_wasserstein cooc_tensor cooc_matrix cooc_vector gram_cooc_matrix gram_cooc_vector"
)
RUNS = (
    *(f"style_stat={statistic} style_size=same" for statistic in STATISTICS.split()),
    "optim=adam style_stat=gram prior=none init.noise=0.1",
    "optim=lbfgs_plain style_stat=gram init=noise init.low=0.3 init.high=0.6",
    "loss_weights=thesis prior=none style_stat=gram_cooc_matrix style_size=same optim=adam optim.bands=0",
    "loss_weights=thesis style_stat=gram init=noise",
    "pooling=avg init=style optim.pyramid=[4,4] image_size.width=96 image_size.height=72",
    "pooling=l2 init=picture init.path=china style_stat=mean_std loss_weights.content_layers=[conv2_1,conv4_2]",
    "model=vgg19_random activation_checkpointing=true loss_weights.style_weights=[1,2,3,2,1] style_size=own",
    "content_stat=self_similarity style_stat=gram",
    "optim=adam optim.pyramid=auto image_size.width=160 image_size.height=128 style_stat=cooc_gram",
)


def main() -> None:
    before = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if len(sys.argv) > 1 else []
    moved = 0
    for place, run in enumerate(RUNS):
        line = f"{run:120} {outcome(run)}"
        same = not before or before[place] == line
        moved += not same
        sys.stdout.write(f"{line}\n" if same else f"{line}\nwas {before[place]}\n")
        sys.stdout.flush()
    sys.exit(moved)


def outcome(overrides: str) -> str:
    """The losses of the last step, and a digest of the picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "stx.run", *SMALL.split(), *overrides.split(), f"hydra.run.dir={folder}/run"]
        command.append("output.metadata=false")  # it would contain the folder and an id
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        subprocess.run(command, env=environment, capture_output=True, check=True)
        with open(f"{folder}/run/losses.csv", encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
        losses = " ".join(f"{name}={last[name]}" for name in last if name.startswith("loss/"))
        digest = hashlib.sha256(Path(folder, "run", "output.png").read_bytes()).hexdigest()[:16]
        return f"step {last['step']} {losses} {digest}"


if __name__ == "__main__":
    main()
