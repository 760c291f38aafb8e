/** Headers of replies with tokens and secrets: nobody may keep them. RFC 6749 section 5.1. */
export const NO_STORE: Readonly<Record<string, string>> = { 'cache-control': 'no-store', pragma: 'no-cache' }
