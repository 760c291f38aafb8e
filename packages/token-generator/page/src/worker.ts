// The service worker: it keeps the page, and what the server last said of itself, for when there is no network.
declare const __VERSION__: string
declare const __KEPT__: readonly string[]

// TypeScript's own types of workers and of pages cannot be had together.
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends WorkerEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface WorkerScope {
  readonly registration: { readonly scope: string }
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(type: 'install' | 'activate', listen: (event: WorkerEvent) => void): void
  addEventListener(type: 'fetch', listen: (event: FetchEvent) => void): void
}

const worker = globalThis as unknown as WorkerScope
/** What was kept for this page begins with this; caches belong to the whole origin, where other applications and other pages of ours live. */
const OURS = `scitokens-demo ${worker.registration.scope} `
const CACHE = OURS + __VERSION__
/** Asked for anew each time, and kept for when that fails. */
const FRESH: readonly string[] = ['settings.json', 'oauth2/certs']
/** Milliseconds that a server may take where an answer is kept; after it, the reader sees what is kept. */
const PATIENCE_MS = 3000
/** Milliseconds after which a request that nobody waits for is given up. */
const GIVE_UP_MS = 60_000

worker.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE)
      await cache.addAll([...__KEPT__, ...FRESH])
      await worker.skipWaiting()
    })(),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE)
      await Promise.all(old.map((name) => caches.delete(name)))
      await worker.clients.claim()
    })(),
  )
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { scope } = worker.registration
  const address = request.url.replace(/[?#].*$/, '')
  const name = address.startsWith(scope) ? address.slice(scope.length) : undefined
  // Everything else is asked of the server and never kept: tokens above all.
  if (request.method !== 'GET' || name === undefined) return
  if (FRESH.includes(name) || name === '' || name === 'device-code') event.respondWith(networkFirst(event, address))
  else if (__KEPT__.includes(name)) event.respondWith(cacheFirst(request))
})

/**
 * The server's answer, unless it is a failure or does not come: then what is kept.
 *
 * @param address - the request's without its query, under which one answer is kept.
 */
async function networkFirst(event: FetchEvent, address: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  const fresh = fetchAndKeep(event.request, cache, address)
  event.waitUntil(fresh.catch(() => {}))
  const kept = await cache.match(address)
  if (!kept) return fresh
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS))
  const answer = await Promise.race([fresh.catch(() => undefined), late])
  // A server that is behind a failing front end, or has had enough of us, has not said anything about the page.
  return answer && (answer.ok || answer.type === 'opaqueredirect') ? answer : kept
}

/** Resolves once the whole body is here: a server may hang in the middle of it. */
async function fetchAndKeep(request: Request, cache: Cache, address: string): Promise<Response> {
  const answer = await fetch(request, { signal: AbortSignal.timeout(GIVE_UP_MS) })
  if (answer.ok) await cache.put(address, answer.clone())
  return answer
}

async function cacheFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  return (await cache.match(request.url.replace(/[?#].*$/, ''))) ?? fetch(request)
}
