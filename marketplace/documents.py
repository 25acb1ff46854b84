"""Documents in PDF: typst with a font that we ship; equal input gives equal bytes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import files
from pathlib import Path

import segno
import typst

from marketplace.config import ui
from settlement.errors import Refusal

FONTS = "pylopdf-fonts-zh-cn"


@dataclass(eq=False)
class CannotPrint(Refusal):
    """This text cannot be printed: a letter or picture of it is not known here."""

    problem: str


def pdf(template: str, inputs: Mapping[str, str]) -> bytes:
    """Return the document *template* filled in; CannotPrint on any warning.

    What people wrote goes in by *inputs* alone, never into the source of the document.
    """
    source = ui("templates") / "documents" / f"{template}.typ"
    try:
        made, warnings = typst.compile_with_warnings(
            source,
            font_paths=[_fonts()],
            ignore_system_fonts=True,
            sys_inputs=dict(inputs),
            format="pdf",
        )
    except typst.TypstError as error:
        raise CannotPrint(str(error)[:200]) from error
    if warnings:
        raise CannotPrint(str(warnings[0])[:200])
    return made


def qr(text: str) -> str:
    """Return a QR code of *text* as SVG."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=4, border=1)
    return drawn.getvalue().decode()


@cache
def _fonts() -> Path:
    """Return the directory of the font that is shipped."""
    font = next(file for file in files(FONTS) or [] if file.name.endswith(".otf"))
    return Path(str(font.locate())).parent
