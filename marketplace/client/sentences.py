"""What the client says, in the language of the user's environment (LANG)."""

import gettext as translations
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "translations"


def gettext(text: str, **facts: object) -> str:
    """Return *text* in the user's language, with *facts* filled in."""
    said = _catalogue().gettext(text)
    return said % facts if facts else said


def language() -> str:
    """Return ``zh`` or ``en``: what the exchange is asked to answer in."""
    chinese = isinstance(_catalogue(), translations.GNUTranslations)
    return "zh" if chinese else "en"


@cache
def _catalogue() -> translations.NullTranslations:
    return translations.translation("messages", FOLDER, fallback=True)
