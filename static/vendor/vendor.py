"""Reproduce the vendored files: `npm pack` each pinned package, take the named files, check their sums."""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write every file of VENDOR.toml into this folder.

    Raises:
        SystemExit: a file is not what the table says.
    """
    rows = tomllib.loads((HERE / "VENDOR.toml").read_text())["file"]
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            body = _extract(_pack(f"{row['package']}@{row['version']}", Path(folder)), row["path"])
            if hashlib.sha256(body).hexdigest() != row["sha256"]:
                sys.exit(f"{row['name']}: {row['package']}@{row['version']} has another checksum than VENDOR.toml")
            (HERE / row["name"]).write_bytes(body)


def _pack(spec: str, folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), spec]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed argv, no shell
    return folder / out.strip().splitlines()[-1]


def _extract(archive: Path, path: str) -> bytes:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/{path}")
        if member is None:
            sys.exit(f"{archive.name} holds no file {path}")
        return member.read()


if __name__ == "__main__":
    main()
