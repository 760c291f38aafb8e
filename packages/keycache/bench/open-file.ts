// One fresh process: trusts a thousand issuers, opens the file that holds their keys, answers one key. Prints milliseconds.
import { KeyCache } from '../src/index.ts'

const [, , cacheDir, count] = process.argv
const issuers = Array.from({ length: Number(count) }, (_, index) => `https://issuer-${index}.example`)
const started = performance.now()
const cache = new KeyCache({ issuers, cacheDir: cacheDir! })
await cache.getKey(issuers.at(-1)!, 'first')
console.log(performance.now() - started)
await cache.close()
