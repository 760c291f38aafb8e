import type { Certificate } from '../certificate/certificate.ts'
import { CertificateRefused } from '../errors.ts'

/** Proxies up to the end-entity behind them, told by names alone: no signature was checked yet. */
export interface ProxyChain {
  readonly endEntity: Certificate
  /** From the one that the end-entity issued to the one that was presented. */
  readonly proxies: readonly Certificate[]
  /** What else was presented. */
  readonly others: readonly Certificate[]
}

/** In an honest list each name is there once. More ways than these are not looked for. */
const MAX_WAYS = 8

/**
 * The ways in which what was presented is a chain, that of TLS first: each certificate is issued by the one after it (RFC 8446 section
 * 4.4.2, RFC 5246 section 7.4.2). Where another order was sent, or several of one name, names lead on. No way: where the likeliest ends.
 */
export function proxyChains(presented: readonly Certificate[]): {
  readonly chains: readonly ProxyChain[]
  /** The proxy whose issuer was not presented. */
  readonly open: Certificate | undefined
} {
  const [leaf] = presented
  if (!leaf) throw new CertificateRefused('incomplete_chain', 'no certificate was presented')
  const chains: ProxyChain[] = []
  let open: Certificate | undefined
  const follow = (current: Certificate, proxies: readonly Certificate[], mayBeProxy: boolean): void => {
    if (chains.length >= MAX_WAYS) return
    if (current.proxyForm === undefined || !mayBeProxy) {
      const others = presented.filter((other) => other !== current && !proxies.includes(other))
      chains.push({ endEntity: current, proxies, others })
      return
    }
    const chain = [current, ...proxies]
    const issuers = nextFirst(presented, current).filter(
      (other) => !chain.includes(other) && other.subject.equals(current.issuer),
    )
    if (issuers.length === 0) open ??= current
    // A name that does not grow shorter leads round in circles: whoever judges the chain refuses it for that.
    for (const issuer of issuers) follow(issuer, chain, current.subject.addedCommonName(issuer.subject) !== undefined)
  }
  follow(leaf, [], true)
  return { chains, open }
}

/** Each once, beginning behind `current`. */
function nextFirst(presented: readonly Certificate[], current: Certificate): Certificate[] {
  const at = presented.indexOf(current)
  return [...new Set([...presented.slice(at + 1), ...presented.slice(0, at)])]
}
