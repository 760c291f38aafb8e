/**
 * Whether whoever runs the suite has left a library out by name: `INTEROP_WITHOUT=go npm run test:interop`. Without that a library that
 * cannot be installed fails the run; it is never left out by itself.
 */
export function isWanted(library: string): boolean {
  const leftOut = (process.env['INTEROP_WITHOUT'] ?? '').split(',').includes(library)
  // oxlint-disable-next-line no-console -- nobody should believe that it was tried
  if (leftOut) console.warn(`The library ${library} is left out: INTEROP_WITHOUT names it.`)
  return !leftOut
}
