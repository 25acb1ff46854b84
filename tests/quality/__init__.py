"""How good answers are, measured against judgments: `python -m tests.quality NAME`."""
