"""A heat: peers in processes of their own do the same work in turns, so that noise meets all of them alike."""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from peers import PEERS, SHARE, Form, forms, missing

from analysis.bench_work import Figures
from simcore.case import Precision

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
BLAS_HANDICAP = 1.1  # threads that wait for each other win a trial by chance, and lose three times that in noise
SHORT = 20_000_000  # normals, which take a tenth of a second
SPIN = 0.25  # seconds that idle threads of a BLAS burn a processor (MKL: 0.2): no other peer should meet them


@dataclass(frozen=True)
class Heat:
    """One size of the work, for every peer."""

    n: int
    steps: int
    threads: int
    paths: int
    rounds: int
    precision: Precision = "double"
    horizon_only: bool = False

    @property
    def normals(self) -> int:
        """How many normals each peer draws, but for who draws the horizon at once."""
        return self.n * self.steps * self.paths

    def __str__(self) -> str:
        words = [f"n = {self.n}", f"T = {self.steps}" + " (horizon only)" * self.horizon_only]
        words += [f"{self.threads} thread{'s' * (self.threads > 1)}", "single precision" * (self.precision == "single")]
        return ", ".join(filter(None, words))


@dataclass(frozen=True, eq=False)
class Answer:
    """What a peer found, the seconds it took, and the most bytes its process has held."""

    figures: Figures
    seconds: float
    peak: int


class Contestant:
    """The process of one peer; the threads of its BLAS are fixed when it starts."""

    def __init__(self, peer: str, blas: int = 1) -> None:
        self.peer = peer
        command = [sys.executable, str(Path(__file__).with_name("contestant.py"))]
        environment = os.environ | dict.fromkeys(BLAS_THREADS, str(blas))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment)

    def close(self) -> None:
        """End the process: no more lines for it to read."""
        self._process.communicate()

    def work(self, heat: Heat, form: Form, seed: int, share: int = 1) -> Answer:
        """One job of the heat, or of its paths divided by `share`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(request(self.peer, heat, form, seed, share) + "\n")
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"the process of {self.peer} ended: {heat}, {form}")
        if form.blas > 1:
            time.sleep(SPIN)
        reply: dict[str, Any] = json.loads(line)
        error = None if reply["std_error"] is None else np.array(reply["std_error"])
        seconds = reply["seconds"] * SHARE.get(self.peer, 1)
        return Answer(Figures(np.array(reply["value"]), error), seconds, reply["peak"])


def request(peer: str, heat: Heat, form: Form, seed: int, share: int = 1) -> str:
    """The line that `contestant.py` reads."""
    paths = heat.paths // share // SHARE.get(peer, 1)
    job = {"n": heat.n, "paths": paths, "steps": heat.steps, "precision": heat.precision}
    job["horizon_only"] = heat.horizon_only
    return json.dumps({"peer": peer, "seed": seed, "form": asdict(form), "job": job})


@dataclass(frozen=True, eq=False)
class Race:
    """A heat that was run: each peer's best form, its seconds by round, and the figures of its last round."""

    heat: Heat
    forms: dict[str, Form]
    seconds: dict[str, list[float]]
    figures: dict[str, Figures]

    def rate(self, peer: str) -> float:
        """Millions of normals a second."""
        return self.heat.normals / statistics.median(self.seconds[peer]) / 1e6

    def ratio(self, peer: str) -> float:
        """How many times as fast as the peer simcore is: the median over the rounds."""
        pairs = zip(self.seconds[peer], self.seconds["simcore"], strict=True)
        return statistics.median(rival / ours for rival, ours in pairs)

    def distance(self, peer: str) -> float:
        """The largest difference of any figure from simcore's, in standard errors of the difference."""
        return self.figures["simcore"].distance(self.figures[peer], SHARE.get(peer, 1))


class Stable:
    """The processes of all peers, one for each number of BLAS threads, started when first asked for."""

    def __init__(self) -> None:
        self._contestants: dict[tuple[str, int], Contestant] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for contestant in self._contestants.values():
            contestant.close()

    def contestant(self, peer: str, form: Form) -> Contestant:
        """Who runs the peer in this form."""
        key = (peer, form.blas)
        if key not in self._contestants:
            self._contestants[key] = Contestant(*key)
        return self._contestants[key]

    def run(self, heat: Heat) -> Race:
        """Let every installed peer find its best form, then take turns, each round another peer first."""
        peers = [peer for peer in PEERS if not missing(peer, heat.n, heat.precision)]
        best = {peer: self._trial(peer, heat) for peer in peers}
        seconds: dict[str, list[float]] = {peer: [] for peer in peers}
        figures: dict[str, Figures] = {}
        for i in range(heat.rounds):
            first = i % len(peers)
            for peer in peers[first:] + peers[:first]:
                answer = self.contestant(peer, best[peer]).work(heat, best[peer], seed=1 + i)
                seconds[peer].append(answer.seconds)
                figures[peer] = answer.figures
        return Race(heat, best, seconds, figures)

    def _trial(self, peer: str, heat: Heat) -> Form:
        """The fastest form on an eighth of the job, by the best of three turns; so everybody is warm."""
        seconds = dict.fromkeys(forms(peer, heat.threads, short=heat.normals < SHORT), math.inf)
        for _ in range(3):
            for form in seconds:
                answer = self.contestant(peer, form).work(heat, form, seed=0, share=8)
                seconds[form] = min(seconds[form], answer.seconds)
        return min(seconds, key=lambda form: seconds[form] * (BLAS_HANDICAP if form.blas > 1 else 1.0))
