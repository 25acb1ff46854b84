"""Reliability, attack rows 46–52 and 57: what is hostile is quarantined, and fast."""

import statistics
import subprocess
import sys

import pytest

from listings.quality.child import examine as read
from listings.quality.examination import examine
from settlement import clock
from tests.listings.quality.hostile import attacks

PATIENCE_S = 1.0  # for one file, in the whole child, on an idle machine


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return attacks(tmp_path_factory.mktemp("corpus"))


def test_the_corpus_is_large_and_each_file_of_it_is_quarantined(corpus, tmp_path):
    assert len(corpus) >= 60
    path = tmp_path / "content"
    wrong = []
    for attack in corpus:
        path.write_bytes(attack.content)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        report = read(path, attack.name, scratch)
        said = [p["code"] for p in report["problems"] if p["severity"] == "stop"]
        if len(said) != 1 or said[0] not in attack.codes or report["tables"]:
            wrong.append((attack.title, said, attack.codes))
    assert wrong == []


def test_the_child_is_quick_about_the_worst_of_them(corpus, tmp_path):
    took = {}
    for attack in corpus:
        if attack.title in ("zip bomb", "deep json", "parquet bomb", "many entries"):
            path = tmp_path / "content"
            path.write_bytes(attack.content)
            begun = clock.elapsed_s()
            with path.open("rb") as file:
                report = examine(file, attack.name)
            took[attack.title] = clock.elapsed_s() - begun
            assert report["problems"][0]["code"] in attack.codes, attack.title
    assert len(took) == 4
    assert statistics.median(took.values()) < 4 * PATIENCE_S, took  # a busy machine


def test_a_confined_process_has_no_network_programs_or_large_files(tmp_path):
    tried = """
import socket, subprocess, sys
from listings.quality.sandbox import confine
confine()
done = []
for attempt in (
    lambda: socket.socket(),
    lambda: subprocess.run(["/bin/true"]),
    lambda: bytearray(2**30),
    lambda: open("large", "wb").truncate(2**30),
):
    try:
        attempt()
        done.append(attempt)
    except (OSError, MemoryError):
        pass
sys.exit(len(done))
"""
    command = [sys.executable, "-c", tried]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
