"""A server to download from."""

import threading

import pytest
from http_server import Server


@pytest.fixture
def server(monkeypatch):
    from genboost.data import fetch

    # Wait for minutes, however busy the machine is, but not before trying again.
    for limit in ("CONNECT_TIMEOUT", "READ_TIMEOUT", "TIME_LIMIT"):
        monkeypatch.setattr(fetch, limit, 600)
    monkeypatch.setattr(fetch, "PAUSES", (0, 0, 0))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def hasty(server, monkeypatch):
    """Do not wait long for a server that does not answer, or drips."""
    from genboost.data import fetch

    monkeypatch.setattr(fetch, "READ_TIMEOUT", 0.3)
    monkeypatch.setattr(fetch, "TIME_LIMIT", 1)


@pytest.fixture
def kaggle(monkeypatch, server):
    """Let kagglehub ask the local server, with no credentials of whoever runs the test."""
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, server.url)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a-token")
    return server
