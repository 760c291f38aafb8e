// One short-lived command, as in a shell loop: asks for an issuer's keys and tells the outcome in its last line.
import { KeyCache } from '../../src/index.ts'

const [, , issuer, cacheDir, kid] = process.argv
const cache = new KeyCache({
  issuers: [issuer!],
  cacheDir: cacheDir!,
  dangerouslyAllowLoopbackHttp: true,
  staleRefresh: 'wait',
})
console.log('asking')
try {
  await cache.getKey(issuer!, kid === '' ? undefined : kid)
  console.log('ok')
} catch (error) {
  console.log((error as { code: string }).code)
}
await cache.close()
