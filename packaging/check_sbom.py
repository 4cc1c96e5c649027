"""Checks an SBOM against CycloneDX's schema, and that it has what `cargo metadata` says the package is made of: check_sbom.py SBOM < METADATA."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def direct_dependencies(metadata: dict) -> set[tuple[str, str]]:
    """The name and version of each direct dependency that is built into the program."""
    packages = {package["id"]: package for package in metadata["packages"]}
    root = metadata["resolve"]["root"]
    node = next(node for node in metadata["resolve"]["nodes"] if node["id"] == root)
    built_in = (dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"]))
    return {(packages[dep]["name"], packages[dep]["version"]) for dep in built_in}


def main() -> str | None:
    text = Path(sys.argv[1]).read_text()
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    if error:
        return f"it does not keep to the schema: {str(error).splitlines()[0]}"
    sbom = json.loads(text)
    components = {(component["name"], component["version"]) for component in sbom["components"]}
    missing = direct_dependencies(json.load(sys.stdin)) - components
    if missing:
        return f"it lacks {sorted(missing)}"
    bare = [c["name"] for c in sbom["components"] if not (c.get("licenses") and c.get("purl") and c.get("hashes"))]
    if bare:
        return f"these have no licence, purl or hash: {bare}"
    print(f"{sys.argv[1]}: {sbom['metadata']['component']['name']} and {len(components)} components, valid CycloneDX {sbom['specVersion']}")
    return None


if __name__ == "__main__":
    sys.exit(main())
