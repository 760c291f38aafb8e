import { given } from '@scitokens/core/internal'
import { DevelopmentLogin, HeaderLogin, OpenIdLogin, type Upstream } from '@scitokens/issuer'
import type { LoginConfig } from '../config/login-block.ts'
import { resolveSecret } from './secret-reference.ts'

/**
 * Makes the login that a configuration names. Throws `config_error`.
 *
 * @param at - the key in the configuration, for messages: `login` or `realms[0].login`.
 */
export async function configuredLogin(
  login: LoginConfig,
  at: string,
  env: NodeJS.ProcessEnv,
  dangerouslyAllowLoopbackHttp: boolean,
): Promise<Upstream> {
  if ('development' in login) return new DevelopmentLogin()
  if ('header' in login) {
    const { secret, ...header } = login.header
    const resolved = secret && (await resolveSecret(secret, `${at}.header.secret`, env))
    return new HeaderLogin({ ...header, ...given({ secret: resolved }) }, `${at}.header`)
  }
  const { clientSecret, ...openid } = login.openid
  return new OpenIdLogin({
    ...openid,
    clientSecret: await resolveSecret(clientSecret, `${at}.openid.clientSecret`, env),
    dangerouslyAllowLoopbackHttp,
  })
}
