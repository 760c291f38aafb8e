"""Puts tokens to Python's JWT libraries. Reads a JSON list of questions; writes a JSON list of answers, one per question.

A question has `library`, `token`, `key` (the public JWK of whoever signed it), `issuer`, and `audience`, null where the verifier checks
none. An answer is null where the library takes the token, else why it does not.
"""
import json
import sys
import warnings

warnings.simplefilter("ignore")  # authlib tells that its JOSE part will move; both are asked

import jwt  # noqa: E402
import scitokens  # noqa: E402
from authlib.jose import JsonWebKey, JsonWebToken  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from jose import jwt as python_jose  # noqa: E402
from joserfc import jwt as joserfc_jwt  # noqa: E402
from joserfc.jwk import JWKRegistry  # noqa: E402

ALGORITHMS = ["ES256", "RS256"]


def with_scitokens(token, key, issuer, audience):
    public = jwt.PyJWK(key).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parsed = scitokens.SciToken.deserialize(token, public_key=public)
    if audience is not None and not scitokens.Enforcer(issuer, audience).test(parsed, "read", "/store/run7"):
        raise ValueError("the enforcer refuses it")
    return parsed._verified_claims  # pylint: disable=protected-access


def with_pyjwt(token, key, issuer, audience):
    options = {} if audience is not None else {"verify_aud": False}
    return jwt.decode(
        token, jwt.PyJWK(key).key, algorithms=ALGORITHMS, issuer=issuer, audience=audience, options=options
    )


def with_python_jose(token, key, issuer, audience):
    options = {} if audience is not None else {"verify_aud": False}
    return python_jose.decode(token, key, algorithms=ALGORITHMS, issuer=issuer, audience=audience, options=options)


def checks(issuer, audience):
    wanted = {"iss": {"essential": True, "value": issuer}, "exp": {"essential": True}}
    return wanted if audience is None else {**wanted, "aud": {"essential": True, "value": audience}}


def with_authlib(token, key, issuer, audience):
    claims = JsonWebToken(ALGORITHMS).decode(
        token, JsonWebKey.import_key(key), claims_options=checks(issuer, audience)
    )
    claims.validate()
    return claims


def with_joserfc(token, key, issuer, audience):
    decoded = joserfc_jwt.decode(token, JWKRegistry.import_key(key), algorithms=ALGORITHMS)
    joserfc_jwt.JWTClaimsRegistry(**checks(issuer, audience)).validate(decoded.claims)
    return decoded.claims


LIBRARIES = {
    "scitokens": with_scitokens,
    "PyJWT": with_pyjwt,
    "python-jose": with_python_jose,
    "authlib": with_authlib,
    "joserfc": with_joserfc,
}


def answer(question):
    token, issuer, audience = question["token"], question["issuer"], question["audience"]
    # `alg` is asked for by name; some libraries read it from the key.
    key = {**question["key"], "alg": question["alg"]}
    try:
        claims = LIBRARIES[question["library"]](token, key, issuer, audience)
        # A library that hands something else than claims back has not accepted a token.
        return None if isinstance(claims, dict) and claims.get("iss") == issuer else "it gave no claims"
    except Exception as error:  # pylint: disable=broad-except
        return f"{type(error).__name__}: {error}"


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
