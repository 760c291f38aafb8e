"""A user's program: gets a token from the demonstration and has the library verify it."""
import json

from scitokens.utils import demo

token = demo.parsed_token({"scope": "read:/protected", "sub": "ana"})
print(json.dumps(dict(token.claims())))
