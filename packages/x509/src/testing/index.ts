/**
 * A site of the grid for tests: an authority, people and hosts, proxies with VOMS attributes, and the directories that a verifier reads.
 * Real keys and real signatures, without `openssl` and without network.
 *
 * @packageDocumentation
 */
export {
  createTestGrid,
  type ProxyOptions,
  type TestCredential,
  type TestGrid,
  type TestGridOptions,
} from './test-grid.ts'
