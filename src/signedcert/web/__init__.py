"""The pages behind the verify URL, and what the institution publishes.

``app(institution)`` is an ASGI application, to be mounted at the root of the institution's host.
"""

from signedcert.web.application import app

__all__ = ["app"]
