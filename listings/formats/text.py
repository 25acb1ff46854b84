"""Text as catalogues write it, and the plain text that we show."""

import html
import re
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3

from listings.products import is_address

EXCERPT_MAX = 300  # characters
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"'，。；]+(?:\([^\s()]*\)[^\s<>()\"']*)*")
_AUTOLINK = re.compile(r"<(https?://[^<>\s]+|[\w.+-]+@[\w.-]+)>")
_BREAK = re.compile(r"(?i)<br\s*/?>|</(?:p|li|ul|ol|div|h[1-6]|tr)\s*>")
_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*(\S+?)\s*\)")
_IN_BRACKETS = re.compile(r"\s*[(（]\s*(https?://\S+?|[\w.-]+\.[a-z]{2,})\s*[)）]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOBODY = {"not currently managed", "unmanaged", "n/a", "none"}


class Party(NamedTuple):
    """Who publishes something, and where they are."""

    name: str
    url: str


def plain(text: str) -> str:
    """Return *text* without HTML: tags gone, line breaks kept, entities resolved.

    What looks like a tag but is an address in angle brackets stays as the address.
    """
    text = text.replace("\r\n", "\n").strip()
    if "<" in text or "&" in text:
        marked = _BREAK.sub("\n", _AUTOLINK.sub(r"\1", text))
        text = html.unescape(nh3.clean(marked, tags=set()))
    text = re.sub(r"[ \t]+\n", "\n", _CONTROL.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def unlinked(text: str) -> str:
    """Return *text* with Markdown links replaced by their labels."""
    return _LINK.sub(lambda link: link[1] or link[2], text)


def one_line(text: str) -> str:
    """Return *text* with every run of white space as one blank."""
    return " ".join(text.split())


def excerpt(text: str, longest: int = EXCERPT_MAX) -> str:
    """Return the whole sentences that *text* begins with, or a part with “…”."""
    line = one_line(unlinked(re.sub(r"(?m)^#+\s*|[*`]{1,3}", "", text)))
    if len(line) <= longest:
        return line
    ends = [m.end() for m in re.finditer(r"[.!?](?=\s)|[。！？]", line[:longest])]
    if ends and ends[-1] >= longest // 4:
        return line[: ends[-1]]
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:，；：") + "…"


def address(text: str) -> str:
    """Return the first address (http or https) in *text*, or an empty text."""
    whole = text.strip()
    if _ADDRESS.fullmatch(whole) and is_address(whole):
        return whole
    linked = _LINK.search(text)
    if linked and linked[2].startswith("http") and is_address(linked[2]):
        return linked[2]
    found = _ADDRESS.search(text)
    url = found[0].rstrip(".,;:!?") if found else ""
    return url if is_address(url) else ""


def party(text: str) -> Party:
    """Return the name and address in a text such as ``[NOAA](https://noaa.gov/)``.

    The address is empty if there is none or more than one.
    """
    line = one_line(plain(text)).strip("\"'“” ")
    line = re.sub(r"\]\s+\((?=https?://)", "](", line)  # slips of the pen
    line = re.sub(r"\(([^()]+)\)\[(https?://[^\]\s]+)\]", r"[\1](\2)", line)
    links = [link[2] for link in _LINK.finditer(line)]
    name = unlinked(line)
    links += [f[1] for f in _IN_BRACKETS.finditer(name) if "://" in f[1]]
    name = _IN_BRACKETS.sub(
        lambda found: "" if "://" in found[1] else found[0], name
    ).strip("[] ")
    urls = [url for url in dict.fromkeys(links) if url.startswith("http")]
    if name.lower() in _NOBODY or name.startswith("FILL UP MANUALLY"):
        name = ""
    url = urls[0] if len(urls) == 1 and is_address(urls[0]) else ""
    return Party(name, url)


def host(url: str) -> str:
    """Return the host of an address."""
    return urlsplit(url).hostname or ""
