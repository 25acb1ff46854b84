"""`databourse listing`: files, exit codes, what is said."""

import re
import subprocess
import sys

from tests.marketplace.cli.test_commands import _added, run

__all__ = ["run"]
COMMAND = (sys.executable, "-c", "from marketplace.cli import main; main()")
TEXT = "reference: rain\nfacts:\n  kind: dataset\n  title_en: Rain\n"


def test_a_file_is_compared_applied_written_and_applied_again(run, tmp_path):
    _added(run, 1, "--verify")
    who = ("--user", "u1@a.example")
    file = tmp_path / "rain.yaml"
    file.write_text(TEXT, "utf-8")
    told = run("listing", "diff", file, *who)
    assert told.exit_code == 3, told.output
    assert "+ rain: created" in told.output
    made = run("listing", "apply", file, *who)
    assert made.exit_code == 0, made.output
    product = re.search(r"prd_\w+", made.output)[0]
    assert "✓ 1 documents: 1 changed" in made.output
    assert run("listing", "diff", file, *who).exit_code == 0
    written = run("listing", "get", product, *who).output
    file.write_text(written, "utf-8")
    assert "= rain" in run("listing", "apply", file, *who).output
    file.write_text(written + "  title_zh: 雨\n", "utf-8")
    changed = run("listing", "diff", file, *who)
    assert "    facts.title_zh\n      + 雨\n" in changed.output


def test_problems_are_named_by_file_and_line(run, tmp_path):
    _added(run, 1, "--verify")
    file = tmp_path / "rain.yaml"
    file.write_text(TEXT + "  sector: nowhere\n  colour: blue\n", "utf-8")
    answer = run("listing", "apply", file, "--user", "u1@a.example")
    assert answer.exit_code == 1
    assert f"{file}:5: facts.sector: Choose one of the list." in answer.output
    assert f"{file}:6: facts.colour: Unknown field." in answer.output
    assert "✗ 2 problems" in answer.output
    nobody = run("listing", "apply", file, "--user", "x@a.example")
    assert nobody.exit_code == 1


def test_a_member_that_is_not_verified_applies_nothing(run, tmp_path):
    _added(run)
    file = tmp_path / "rain.yaml"
    file.write_text(TEXT, "utf-8")
    answer = run("listing", "apply", file, "--user", "u1@a.example")
    assert answer.exit_code == 1
    assert "role" in answer.output


def test_the_command_is_there_in_a_process_of_its_own():
    command = [*COMMAND, "listing", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "apply" in said.stdout, said.stderr
