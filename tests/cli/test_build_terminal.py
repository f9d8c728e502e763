"""``hub build`` on a terminal: bars with loss and score; Ctrl-C leaves a run that goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.pipeline.build import build
from tests.support.builds import Recorder, TinyBuild, tiny_request

pty = pytest.importorskip("pty", reason="there are no such terminals on this system")

EPOCHS, STEPS = 24, 25
REACHED = re.compile(rf"epoch ([3-9]|\d\d)/{EPOCHS}  loss \d\.\d\d\d  validation \d\.\d\d\d")
"""Two epochs are over and the third one is drawn."""

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def read_all(terminal: int, process: subprocess.Popen[bytes], until: re.Pattern[str]) -> str:
    """Read what is drawn until the process ends; interrupt it once ``until`` is there."""
    drawn, sent = b"", False
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side is closed
            part = b""
        if not part:
            assert sent, drawn.decode(errors="replace")
            return CONTROL.sub("", drawn.decode("utf-8"))
        drawn += part
        if not sent and until.search(CONTROL.sub("", drawn.decode("utf-8", "ignore"))):
            process.send_signal(signal.SIGINT)
            sent = True


@pytest.mark.usefixtures("tiny_plugin")
def test_bars_show_loss_and_score_and_an_interrupt_loses_nothing(
    tiny_build: TinyBuild, tiny_site: Path, tmp_path: Path
) -> None:
    runs, setting = tmp_path / "runs", f"teacher.epochs={EPOCHS}"
    words = ("build", "tiny/things", "--set", f"base={tiny_build.base}", "--set", setting, "--runs", str(runs))
    terminal, other = pty.openpty()
    environment = {"PYTHONPATH": str(tiny_site), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}
    # A shell that starts the tests in the background lets them ignore Ctrl-C; children inherit that and nothing else.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", *words],
        stdin=other,
        stdout=other,
        stderr=other,
        env=os.environ | environment,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    os.close(other)
    try:
        drawn = read_all(terminal, process, REACHED)
        code = process.wait()
    finally:
        process.kill()
        os.close(terminal)

    assert code == 130
    assert "linear baseline" in drawn
    assert re.search(rf"teacher .*\d+/{EPOCHS * STEPS} .*{REACHED.pattern}", drawn)
    assert drawn.rstrip().endswith("interrupted")

    reporter = Recorder()
    built = build(tiny_request(tiny_build.base, setting), runs, reporter, until="finetune")

    assert reporter.stood == ["data", "baseline"]
    first, _, _ = reporter.ticks["finetune"][0]
    # Two epochs were over; the checkpoint of the second one may not have been written yet.
    assert first > STEPS
    assert len(list(runs.iterdir())) == 1
    assert built.run.parent == runs
