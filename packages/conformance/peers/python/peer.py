"""The Python library behind the peer protocol: one JSON object per line in, one per line out.

Its keys come from memory: where the library would open an issuer's URLs, it is given what the question says is published there.
"""
import io
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from email.message import Message

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="scitokens-peer-")

import scitokens  # noqa: E402
import scitokens.utils.keycache as keycache  # noqa: E402
from scitokens.utils.errors import SciTokensException  # noqa: E402
from scitokens.scitokens import EnforcementError, ValidationFailure  # noqa: E402

import jwt  # noqa: E402

# What the library documents that it throws, its JWT library's errors among them.
DOCUMENTED = (SciTokensException, EnforcementError, ValidationFailure, jwt.exceptions.PyJWTError, ValueError)
METADATA = "/.well-known/openid-configuration"
JWKS = "/keys-of-the-case"

published = {}


class Answer(io.BytesIO):
    def info(self):
        return Message()


def open_url(request, *_arguments, **_options):
    url = request.full_url if isinstance(request, urllib.request.Request) else request
    for issuer, keys in published.items():
        stem = issuer.rstrip("/")
        if url == stem + METADATA:
            return Answer(json.dumps({"issuer": issuer, "jwks_uri": stem + JWKS}).encode())
        if url == stem + JWKS:
            return Answer(json.dumps(keys).encode())
    raise urllib.error.URLError("nothing is published there")


urllib.request.urlopen = open_url
keycache.request.urlopen = open_url


class Cases:
    """One verifier object per case: the library's enforcer, and a fresh key cache."""

    def __init__(self):
        self.verifier = None
        self.enforcer = None
        self.published = None

    def ask(self, question):
        if question["verifier"] != self.verifier or question["published"] != self.published:
            self.forget_keys()
            self.published = question["published"]
        if question["verifier"] != self.verifier:
            self.verifier = question["verifier"]
            self.enforcer = None
        options = question["enforcer"]
        published.clear()
        published.update(question["published"])
        if self.enforcer is None:
            self.enforcer = scitokens.Enforcer(options["issuers"], options.get("audience"))
        return self.judge(question["token"], question["request"], options)

    @staticmethod
    def forget_keys():
        location = keycache.KeyCache.getinstance().cache_location
        if os.path.exists(location):
            os.remove(location)
        keycache.KEYCACHE_INSTANCE = None

    def judge(self, text, request, options):
        token = scitokens.SciToken.deserialize(text)
        if request["op"] == "verify":
            self.enforcer.generate_acls(token)
            return {"outcome": "allow"}
        if request["op"] == "acls":
            return {"outcome": "allow", "acls": in_order(self.enforcer.generate_acls(token), token)}
        if self.enforcer.test(token, request["authz"], request.get("path")):
            return {"outcome": "allow"}
        return {"outcome": "deny", "message": self.enforcer.last_failure}


def in_order(acls, token):
    """The library's list has no order: that of the claim is put back, and what is not in the claim comes last."""
    claim = token.get("scope", "")
    items = claim.split(" ") if isinstance(claim, str) else []
    spelt = [f"{authz}:{path}" for authz, path in acls]
    places = [items.index(item) if item in items else len(items) for item in spelt]
    return [[authz, path] for _, (authz, path) in sorted(zip(places, acls))]


def main():
    cases = Cases()
    for line in sys.stdin:
        question = json.loads(line)
        if "hello" in question:
            answer = {
                "protocol": question["hello"],
                "name": f"scitokens (Python) {scitokens.__version__}",
                "operations": ["test", "acls", "verify"],
                "options": {
                    "issuers": True,
                    "audience": True,
                    "profiles": ["compat", ["scitoken:1.0", "scitoken:2.0"]],
                    "clockTolerance": [0],
                    "acceptScp": [True],
                    "acceptAnyInV1": [True],
                },
            }
        elif question["request"].get("isDirectory"):
            answer = {"cannot": "it cannot be told that a path is a directory"}
        else:
            try:
                answer = cases.ask(question)
            except DOCUMENTED as failure:
                answer = {"outcome": "invalid", "message": f"{type(failure).__name__}: {failure}"}
            except urllib.error.URLError as failure:
                answer = {"outcome": "error", "message": str(failure)}
            except Exception as stray:  # pylint: disable=broad-except
                answer = {"stray": f"{type(stray).__name__}: {stray}"}
        print(json.dumps(answer), flush=True)


main()
