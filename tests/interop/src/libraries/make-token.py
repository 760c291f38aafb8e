"""Makes a token with the Python library, of what it reads as one JSON object. Writes the token."""
import json
import sys

import scitokens
from cryptography.hazmat.primitives.serialization import load_pem_private_key

asked = json.load(sys.stdin)
with open(asked["privateKeyFile"], "rb") as file:
    key = load_pem_private_key(file.read(), None)
token = scitokens.SciToken(key=key, algorithm=asked["alg"], key_id=asked["kid"])
token.update_claims(asked["claims"])
print(token.serialize(issuer=asked["issuer"], lifetime=asked["lifetime"]).decode())
