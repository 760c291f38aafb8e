import { flag, type IssuerIdentifierOptions, type OptionReaders, readOptions } from '@scitokens/core/internal'

const READERS: OptionReaders<IssuerIdentifierOptions> = { dangerouslyAllowLoopbackHttp: flag }

/** Reads the options that say which issuers a file of a site may name. Throws `config_error`. */
export function readTrust(trust: IssuerIdentifierOptions): IssuerIdentifierOptions {
  return readOptions<IssuerIdentifierOptions>(trust, READERS)
}
