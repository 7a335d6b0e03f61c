"""A validator of RO-Crates that needs no network."""

from pathlib import Path

import requests
import rocrate
from requests_cache import CachedRequest, CachedResponse, CachedSession
from rocrate_validator import models, services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def issues(crate: Path, cache: Path) -> list[str]:
    """Return what keeps a folder from being a Provenance Run Crate.

    Parameters
    ----------
    cache
        A new file, for what the validator would download.
    """
    # rocrate has the context of a later version, where two words have moved.
    context = (Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_bytes()
    context = context.replace(b"bioschemas.org/terms/", b"bioschemas.org/")
    request = requests.Request("GET", CONTEXT).prepare()
    answer = CachedResponse(
        request=CachedRequest.from_request(request), status_code=200, url=CONTEXT,
        headers={"Content-Type": "application/ld+json"},
    )  # fmt: skip
    answer._content = context
    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.cache.save_response(answer)
    settings = {
        "rocrate_uri": str(crate),
        "profile_identifier": "provenance-run-crate-0.5",
        "requirement_severity": models.Severity.REQUIRED,
        "offline": True,
        "cache_path": cache,
    }
    result = services.validate(services.ValidationSettings.parse(settings))
    assert result.passed() == (not result.get_issues())
    return [str(issue.message) for issue in result.get_issues()]
