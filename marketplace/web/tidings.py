"""What visibility, requests, releases, announcements and scores are called."""

from collections.abc import Mapping

from listings.marking import N_

TIDINGS: Mapping[str, Mapping[str, str]] = {
    "release": {"revoked": N_("Revoked"), "waiting": N_("Not served yet")},
    "difference": {
        "added": N_("new"),
        "removed": N_("gone"),
        "retyped": N_("other type"),
        "nullable": N_("may be empty now"),
        "required": N_("never empty any more"),
    },
    "announcement": {
        "new_release": N_("New release"),
        "schema_change": N_("Schema change"),
        "schema_live": N_("New schema served"),
        "revocation": N_("Release revoked"),
        "delay": N_("Delay"),
        "deprecation": N_("End announced"),
    },
    "complaint": {
        "upheld": N_("The exchange upheld it"),
        "dismissed": N_("The exchange dismissed it"),
    },
    "stage": {
        "looked": N_("Looked"),
        "followed": N_("Follow it"),
        "asked": N_("Asked about it"),
        "bought": N_("Bought it"),
        "again": N_("Bought again"),
        "delivered": N_("Files fetched"),
    },
    "delivery_way": {
        "files": N_("files through the exchange"),
        "api": N_("calls through the exchange's gateway"),
        "application": N_("an application opened with a seat"),
        "room": N_("a clean room: questions in SQL, no files"),
        "source": N_("at its source"),
    },
    "scorecard": {
        "filled": N_("Offers filled whole"),
        "delivered": N_("Rights delivered under"),
        "undisputed": N_("Sales without dispute"),
        "punctual": N_("Releases on time"),
        "answered": N_("Time to an answer, middle value"),
        "fresh": N_("Products that keep their rhythm"),
    },
    "webhook": {
        "active": N_("On"),
        "paused": N_("Paused"),
        "disabled": N_("Switched off"),
    },
    "message": {
        "waiting": N_("Not sent yet"),
        "delivered": N_("Received"),
        "failed": N_("Not taken"),
    },
    "visibility": {
        "public": N_("Public"),
        "request": N_("On request"),
        "private": N_("Private"),
    },
    "request": {
        "open": N_("Waits for an answer"),
        "approved": N_("Approved"),
        "declined": N_("Declined"),
        "withdrawn": N_("Withdrawn"),
        "expired": N_("Not answered in time"),
    },
}
