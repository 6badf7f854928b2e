"""The processed payload of a course record (RFC 9901, 7.1), from what we say that it shows."""

import json
from typing import Any

from signedcert.documents.record import CourseResult, format_decimal
from signedcert.documents.recordbadge import RecordCredential


def processed(record: RecordCredential) -> dict[str, Any]:
    """The credential as a peer has to give it back: what is shown in its place, what is withheld
    gone from its array, and nothing of SD-JWT left.
    """
    payload: dict[str, Any] = json.loads(record.write())
    del payload["_sd_alg"]
    subject = payload["credentialSubject"]
    subject["identifier"] = [] if record.learner is None else [_identity(record.learner)]
    subject["result"] = [
        _result(record.id, number, result)
        for number, result in enumerate(record.results, 1)
        if result.shown
    ]
    return payload


def _identity(learner: str) -> dict[str, Any]:
    return {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": learner,
        "identityType": "name",
    }


def _result(record: str, number: int, result: CourseResult) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": ["Result"],
        "resultDescription": f"urn:uuid:{record}#{number}",
        "status": result.status,
    }
    if result.value is not None:
        members["value"] = format_decimal(result.value)
    if result.achieved is not None:
        members["awardedDate"] = f"{result.achieved}T00:00:00Z"
    return members
