import type { ConfigFile } from './config-schema.ts'

/** Whether an issuer of the file knows certificates of the grid by the connection. */
export function knowsGridCertificates({ realms = [], ...one }: ConfigFile): boolean {
  return [one, ...realms].some(({ x509 }) => x509 && !x509.frontEnd)
}
