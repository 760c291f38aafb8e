/** What help, man page and docs/cli.md say about exit statuses. The numbers are those of `exit-codes.ts`. */
export const EXIT_STATUS: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'yes: the token is acceptable, the access allowed, the work done'],
  ['1', 'no: the token is not acceptable or does not allow this; nothing was found'],
  ['2', 'usage: the command line, a file or the configuration is wrong; nothing was decided'],
  ['3', 'could not decide: keys, an issuer, a daemon or a disk could not be had; try again later'],
]

/** What the program reads besides its arguments. */
export const FILES_AND_ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['BEARER_TOKEN', 'a token; first place of bearer token discovery'],
  ['BEARER_TOKEN_FILE', 'a file with a token; second place'],
  ['XDG_RUNTIME_DIR', 'its file bt_uUID is the third place, /tmp/bt_uUID the fourth'],
  [
    'XDG_DATA_HOME',
    'below it the token manager keeps logins, encrypted, and the token generator its keys; default: ~/.local/share',
  ],
  ['XDG_CACHE_HOME', "below it issuers' public keys are kept; default: ~/.cache"],
  [
    'SCITOKEN_CONFIG_…',
    'settings as for scitokens-cpp: KEYCACHE_CACHE_HOME, KEYCACHE_UPDATE_INTERVAL_S, TLS_CA_FILE and more',
  ],
  ['SCITOKENS_KEY_FILE', 'the key that encrypts stored refresh tokens, where it is not beside the store'],
  ['NO_COLOR', 'set to anything: no colours'],
]
