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

const scope = globalThis as unknown as WorkerScope
const CACHE = `scitokens-${__VERSION__}`
/** Asked for anew each time, and kept for when that fails. */
const FRESH: readonly string[] = ['settings.json', 'oauth2/certs']

scope.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE)
      await cache.addAll([...__KEPT__, ...FRESH])
      await scope.skipWaiting()
    })(),
  )
})

scope.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys()
      await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))
      await scope.clients.claim()
    })(),
  )
})

scope.addEventListener('fetch', (event) => {
  const { request } = event
  const name = request.url.startsWith(scope.registration.scope)
    ? request.url.slice(scope.registration.scope.length).replace(/[?#].*$/, '')
    : undefined
  // Everything else is asked of the server and never kept: tokens above all.
  if (request.method !== 'GET' || name === undefined) return
  if (FRESH.includes(name) || name === '' || name === 'device-code') event.respondWith(networkFirst(request))
  else if (__KEPT__.includes(name)) event.respondWith(cacheFirst(request))
})

async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put(request, answer.clone())
    return answer
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}

async function cacheFirst(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request)
}
