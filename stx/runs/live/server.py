"""The web server of every page that stx serves: it does not name itself, is quiet, and waits a second at its end."""

import uvicorn
from starlette.types import ASGIApp


def quiet(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
