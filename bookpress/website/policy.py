"""The content security policy: a page runs its own scripts and asks no other host."""

import base64
import hashlib
import re

POLICY = (
    "default-src 'self'; "
    "script-src 'self'{hashes}; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "worker-src blob:; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "object-src 'none'"
)

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
EXECUTED = re.compile(r'\btype="(?!module"|text/javascript"|importmap")')


def policy(page: str) -> str:
    """Return a policy that lets the page's own inline scripts run and no others."""
    hashes = {
        base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        for attributes, body in SCRIPT.findall(page)
        if " src=" not in attributes and not EXECUTED.search(attributes)
    }
    return POLICY.format(hashes="".join(f" 'sha256-{h}'" for h in sorted(hashes)))


def with_policy(page: str) -> str:
    """Write the policy into a page, before all that it governs."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}" />'
    return page.replace(
        '<meta charset="utf-8" />', f'<meta charset="utf-8" />\n    {meta}', 1
    )
