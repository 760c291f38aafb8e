import { ConfigError } from '@scitokens/core'
import { openDemo, type Demo, type DemoOptions, readDemoOptions } from '@scitokens/token-generator'
import type { ConfiguredRealm } from '../config/realm-block.ts'
import type { ConfigFile } from '../config/config-schema.ts'
import type { Sinks } from './sinks.ts'

/**
 * Checks the demonstration of a configuration: whoever trusts it trusts everybody, so it must not be taken for an issuer in earnest, nor
 * be believed by one. Throws `config_error` that names the key.
 */
export function checkConfiguredDemo(config: ConfigFile): DemoOptions | undefined {
  const { demo, dangerouslyAllowLoopbackHttp = false } = config
  if (!demo) return undefined
  const { keysFile, ...rest } = demo
  const options = { ...rest, dangerouslyAllowLoopbackHttp, ...(keysFile !== undefined && { keys: { file: keysFile } }) }
  const { issuer } = readNamed(options)
  const name = hostNameOf(issuer)
  const realms: readonly Partial<ConfiguredRealm>[] = config.realms ?? [config]
  for (const realm of realms) {
    // Pages of one host share cookies, whatever their ports, and what one may do to the other is the browser's choice.
    if (hostNameOf(realm.issuer!) === name) {
      throw new ConfigError(
        'config_error',
        `demo.issuer: must have a host name of its own, not that of ${realm.issuer}`,
      )
    }
    const believing = realm.clients?.find(({ assertions = [] }) =>
      assertions.some((policy) => policy.issuer === issuer),
    )
    if (believing) {
      throw new ConfigError(
        'config_error',
        `demo.issuer: the client ${believing.clientId} believes its assertions: anybody could make them`,
      )
    }
  }
  return options
}

/** Opens the demonstration of a configuration, if it has one. Throws as {@link checkConfiguredDemo}. */
export async function openConfiguredDemo(config: ConfigFile, { logger, clock }: Sinks): Promise<Demo | undefined> {
  const options = checkConfiguredDemo(config)
  if (!options) return undefined
  try {
    return await openDemo({ ...options, logger, ...(clock && { clock }) })
  } catch (error) {
    throw named(error)
  }
}

/** A name with a dot at its end is the same name to DNS, and so it is to the host guard of the demonstration. RFC 3986 section 3.2.2. */
function hostNameOf(url: string): string {
  return new URL(url).hostname.replace(/\.$/, '')
}

function readNamed(options: DemoOptions): DemoOptions {
  try {
    return readDemoOptions(options)
  } catch (error) {
    throw named(error)
  }
}

/** The error with the key as the file has it. */
function named(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error
  const message = error.message.replace(/^keys\.file:/, 'keysFile:')
  const key = /^[a-zA-Z]+: /.test(message) ? 'demo.' : 'demo.issuer: '
  return new ConfigError(error.code, `${key}${message}`)
}
