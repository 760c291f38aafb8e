"""Python scitokens as a contestant of peers.bench.ts. Its key cache is filled from memory at the first token."""
import io
import json
import sys
import time
import urllib.error
import urllib.request
from email.message import Message

import scitokens
import scitokens.utils.keycache as keycache


def main():
    issuer, audience, jwks = (sys.stdin.readline().rstrip("\n") for _ in range(3))
    tokens = []
    for line in iter(sys.stdin.readline, ""):
        if line == "\n":
            break
        tokens.append(line.rstrip("\n"))
    publish(issuer, jwks)
    enforcer = scitokens.Enforcer(issuer, audience)
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        times = int(line)
        start, used = time.perf_counter(), time.process_time()
        for _ in range(times):
            for text in tokens:
                if not enforcer.test(scitokens.SciToken.deserialize(text), "read", "/store/file"):
                    raise SystemExit(enforcer.last_failure)
        count = times * len(tokens)
        print((time.perf_counter() - start) * 1e6 / count, (time.process_time() - used) * 1e6 / count, flush=True)


def publish(issuer, jwks):
    documents = {
        issuer + "/.well-known/openid-configuration": json.dumps({"issuer": issuer, "jwks_uri": issuer + "/jwks"}),
        issuer + "/jwks": jwks,
    }

    class Answer(io.BytesIO):
        def info(self):
            return Message()

    def open_url(asked, *_arguments, **_options):
        url = asked.full_url if isinstance(asked, urllib.request.Request) else asked
        if url not in documents:
            raise urllib.error.URLError("nothing is published there")
        return Answer(documents[url].encode())

    urllib.request.urlopen = open_url
    keycache.request.urlopen = open_url


main()
