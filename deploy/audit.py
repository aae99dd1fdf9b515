"""pip-audit over the locked packages: fails for a known vulnerability, not for a missing network.

    python deploy/audit.py requirements/run.txt

Exit code 1 when a package has a known vulnerability or pip-audit itself failed in another way than
by not reaching the service of vulnerabilities. What could not be checked is said.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

_AWAY = re.compile(
    r"connection|timed? ?out|resolve|unreachable|proxy|ssl|temporar|HTTPError|ServiceError",
    re.IGNORECASE,
)


def judge(code: int, out: str, err: str) -> tuple[int, list[str]]:
    """(exit code, what to say) for what pip-audit printed as JSON."""
    try:
        packages = json.loads(out)["dependencies"]
    except (ValueError, KeyError):
        if _AWAY.search(err):
            return 0, ["NOT CHECKED: the service of vulnerabilities cannot be reached from here."]
        return code or 1, ["pip-audit failed:", err[-2000:]]
    skipped = [p["name"] for p in packages if p.get("skip_reason")]
    said = [
        f"{p['name']} {p.get('version')}: {v['id']}, mended in {' '.join(v['fix_versions']) or '-'}"
        for p in packages
        for v in p.get("vulns", ())
    ]
    bad = bool(said)
    if skipped and len(skipped) == len(packages):
        return 0, ["NOT CHECKED: the service of vulnerabilities knows no package from here."]
    if skipped:
        said.append(f"not checked, unknown to the service: {', '.join(skipped)}")
    verdict = "faults above" if bad else "none vulnerable"
    said.append(f"{len(packages) - len(skipped)} packages checked, {verdict}")
    return int(bad), said


def main() -> int:
    """Run pip-audit; its exit code as judged."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", sys.argv[1], "--require-hashes"),
            *("--disable-pip", "--progress-spinner", "off", "--format", "json", "--timeout", "15"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    code, said = judge(done.returncode, done.stdout, done.stderr)
    print("\n".join(f"pip-audit: {line}" for line in said))
    return code


if __name__ == "__main__":
    sys.exit(main())
