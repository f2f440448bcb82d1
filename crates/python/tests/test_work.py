"""Signals, threads and progress while the engine works."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import ClassVar

import tritrack
from conftest import REPOSITORY
from tritrack import _progress

LONG = """
import os, sys, threading, time, tritrack
network = tritrack.Network.load("vgg8-fashion-s85-a4")
print("begun", flush=True)
started = time.monotonic()
try:
    tritrack.simulate(network, "fashion-mnist", check=True)
except KeyboardInterrupt:
    # The engine is as good as before.
    tritrack.simulate(network, "fashion-mnist", count=1)
    print("stopped", flush=True)
"""


def test_an_interrupt_stops_the_work_and_leaves_the_engine_whole():
    with subprocess.Popen(
        [sys.executable, "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        time.sleep(1.0)
        interrupted = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert said == "stopped\n", errors
    assert "panicked" not in errors
    # Ten thousand images take a minute and more.
    assert time.monotonic() - interrupted < 20


def test_other_threads_run_while_the_engine_works(network):
    ticks, done = [], threading.Event()

    def tick() -> None:
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.monotonic()
    tritrack.simulate(network, "fashion-mnist", count=40)
    ended = time.monotonic()
    done.set()
    thread.join()
    # A lock that is kept leaves one long gap.
    within = [started, *[at for at in ticks if started < at < ended], ended]
    assert max(b - a for a, b in zip(within, within[1:])) < 0.5 * (ended - started)


def test_several_threads_may_ask_at_once(network):
    images, _ = tritrack.load_images("fashion-mnist", 4)
    expected = network.infer(images)
    found: list[bool] = []

    def ask() -> None:
        logits = tritrack.simulate(network, images, layers=["fc1", "fc2"]).logits
        found.append(bool((logits == expected).all()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


class Bar:
    """What is asked of tqdm."""

    all: ClassVar[list[Bar]] = []

    def __init__(self, desc: str, total: int | None, leave: bool) -> None:
        self.desc, self.total, self.n, self.closed = desc, total, 0, False
        Bar.all.append(self)

    def update(self, steps: int) -> None:
        self.n += steps

    def close(self) -> None:
        self.closed = True


def test_progress_reaches_tqdm_and_every_bar_ends(network, monkeypatch):
    module = type(sys)("tqdm.auto")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    monkeypatch.setattr(_progress, "_is_watched", lambda: True)
    Bar.all = []
    tritrack.simulate(network, "fashion-mnist", count=300)
    assert [bar.desc for bar in Bar.all] == ["executing images"]
    (bar,) = Bar.all
    assert bar.total == 300 and bar.n == 300 and bar.closed
    assert not _progress._bars
