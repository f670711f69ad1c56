"""Write a list of all that a release stands on, as CycloneDX 1.6 JSON: `make sbom`.

It is made of the lock files alone, so that the same locks give the same bytes: no time, no random serial number. A
package has one hash for every file that may be installed (https://cyclonedx.org/docs/1.6/json/).
"""

import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from tools.locks import LOCKS, ROOT, Pin, pins


def bill(root: Path = ROOT) -> dict[str, Any]:
    """Return the list."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = sorted({pin for lock in LOCKS for pin in pins(root / lock)}, key=lambda pin: (pin.name, pin.version))
    components = [_component(pin) for pin in found]
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    content = json.dumps([own, components])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [one["bom-ref"] for one in components]}],
    }


def _component(pin: Pin) -> dict[str, Any]:
    name = f"pkg:pypi/{pin.name}@{pin.version}"
    hashes = [{"alg": "SHA-256", "content": digest} for digest in pin.hashes]
    return {
        "type": "library",
        "bom-ref": name,
        "name": pin.name,
        "version": pin.version,
        "purl": name,
        "hashes": hashes,
    }


def main() -> None:
    """Write the list to the file that is named, made with its folder."""
    file = Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {len(bill()['components'])} packages")


if __name__ == "__main__":
    main()
