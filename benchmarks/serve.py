"""One application, served the way all are: uvicorn, one worker, uvloop, httptools, no access log.

python -m benchmarks.serve NAME DATABASE_URL PORT
"""

import importlib
import sys

import uvicorn


def main() -> None:
    """Serve until told to stop."""
    name, url, port = sys.argv[1:]
    app = importlib.import_module(f"benchmarks.apps.{name}").build(url)
    uvicorn.run(
        app, port=int(port), loop="uvloop", http="httptools", lifespan="on", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
