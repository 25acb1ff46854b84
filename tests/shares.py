"""A right on a table of two releases, and a profile that opens it."""

from typing import Any

from tests.programs import Program, Sold, buy, pay_in, upload

NEXT = b"station,hours\n58362,8\n58367,6\n"  # one row changed, one new


def bought(program, sold: Sold) -> dict[str, Any]:
    """Buy one right that includes the next two releases; return the entitlement."""
    wide = {"history": 0, "future": 2}
    program("vendor").put(f"/instruments/{sold.instrument}/window", wide)
    pay_in(program, "buyer", 5000)
    program("buyer").made("/orders", buy(sold))
    return program("buyer").read("/entitlements")["data"][0]


def release(vendor: Program, product: str, label: str, name: str, content: bytes):
    """Make a final release of one file; return its id."""
    made = vendor.made(f"/products/{product}/releases", {"label": label})["id"]
    upload(vendor, made, name, content)
    vendor.made(f"/releases/{made}/finalise")
    return made


def profile(program, right: dict[str, Any], kind: str = "bearer") -> dict[str, Any]:
    """Make a profile of a right; return the file's content."""
    return program("buyer").made(f"/entitlements/{right['id']}/sharings?kind={kind}")[
        "profile"
    ]
