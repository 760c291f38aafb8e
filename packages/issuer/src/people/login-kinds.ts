import { developmentLogin } from './development-login.ts'
import { headerLogin } from './header-login.ts'
import type { LoginKind } from './login-kind.ts'
import { openIdLogin } from './openid-login.ts'

/** Every way to log in that a configuration can choose. A new one is a file and a line here. */
export const LOGIN_KINDS: readonly LoginKind[] = [developmentLogin, headerLogin, openIdLogin]
