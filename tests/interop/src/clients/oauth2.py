"""Drives requests-oauthlib as an application does; the lines it reads and writes are those of oauth2.go."""

import json
import os
import sys
import time

from oauthlib.oauth2 import BackendApplicationClient, DeviceClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


def say(kind, value):
    print(json.dumps({kind: value}), flush=True)


def credentials(order):
    """In a Basic header, or, with style 1, in the body."""
    name, secret = order["clientId"], order["clientSecret"]
    if order["style"] == 1:
        return {"include_client_id": True, "client_secret": secret}
    return {"auth": HTTPBasicAuth(name, secret)}


def refreshed(order, session, first):
    how = {"auth": HTTPBasicAuth(order["clientId"], order["clientSecret"])}
    if order["style"] == 1:
        how = {"client_id": order["clientId"], "client_secret": order["clientSecret"]}
    return [first, session.refresh_token(order["issuer"] + "/token", refresh_token=first["refresh_token"], **how)]


def by_client_credentials(order):
    session = OAuth2Session(client=BackendApplicationClient(client_id=order["clientId"], scope=order["scopes"]))
    return [session.fetch_token(order["issuer"] + "/token", **credentials(order), **order["parameters"])]


def by_code(order):
    if order["redirect"].startswith("http://127.0.0.1:"):
        # As its documentation says for a loopback address.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    pkce = "S256" if order["pkce"] else None
    session = OAuth2Session(order["clientId"], redirect_uri=order["redirect"], scope=order["scopes"], pkce=pkce)
    address, _ = session.authorization_url(order["issuer"] + "/authorize", **order["parameters"])
    say("open", address)
    # The library compares the state by itself.
    answer = sys.stdin.readline().strip()
    first = session.fetch_token(order["issuer"] + "/token", authorization_response=answer, **credentials(order))
    return refreshed(order, session, first)


def by_device(order):
    session = OAuth2Session(client=DeviceClient(order["clientId"]))
    # The library has the grant; the request before it is the application's.
    auth = HTTPBasicAuth(order["clientId"], order["clientSecret"])
    form = {"scope": " ".join(order["scopes"])}
    address = order["issuer"] + "/device_authorization"
    begun = session.post(address, data=form, auth=auth, withhold_token=True).json()
    say("device", {"uri": begun["verification_uri"], "code": begun["user_code"]})
    while True:
        time.sleep(begun["interval"])
        try:
            how = credentials(order)
            first = session.fetch_token(order["issuer"] + "/token", device_code=begun["device_code"], **how)
            return refreshed(order, session, first)
        except OAuth2Error as error:
            if error.error not in ("authorization_pending", "slow_down"):
                raise


FLOWS = {"client_credentials": by_client_credentials, "code": by_code, "device": by_device}


def main():
    order = json.loads(sys.stdin.readline())
    try:
        say("tokens", FLOWS[order["flow"]](order))
    except OAuth2Error as error:
        say("error", error.error)


main()
