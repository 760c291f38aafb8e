import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { loginByDevice, loginPerson, OAuthClient, startDaemon, TokenManager } from '@scitokens/token-manager'
import { confirmLogin } from './person.ts'

/** The token manager of the submit host, with its socket. */
export interface SubmitHost {
  /** Where users and the queue speak to it. */
  readonly socket: string
  /** Logs a user in, once. */
  login(user: string): Promise<void>
  close(): Promise<void>
}

/** Starts the token manager. In real life this is `scitokens token-manager serve`, started by systemd. */
export async function startSubmitHost(directory: string, issuer: string): Promise<SubmitHost> {
  const stateDirectory = join(directory, 'token-manager')
  const manager = await TokenManager.open({
    stateDirectory,
    oauth: new OAuthClient({ dangerouslyAllowLoopbackHttp: true }),
  })
  const self = { uid: process.geteuid!(), gid: process.getegid!() }
  const socketDirectory = join(directory, 'run')
  mkdirSync(socketDirectory, { mode: 0o755 })
  const daemon = await startDaemon(manager, {
    stateDirectory,
    socketDirectory,
    // Whoever runs this example plays the queue manager, and both users.
    queueManagers: [self.uid],
    accounts: async (user) => ({ name: typeof user === 'string' ? user : 'queue', ...self }),
    renewer: { tickMs: 200 },
  })
  return {
    socket: daemon.socket,
    login: async (user) => {
      await loginPerson(manager, {
        owner: user,
        service: 'ligo',
        issuer,
        clientId: 'submit-host',
        scopes: ['read:/input', `read:/output/${user}`, `write:/output/${user}`],
        audience: ['https://storage.ligo.example'],
        flow: (identity, wanted) =>
          loginByDevice(manager.oauth, identity, wanted, {
            prompt: ({ verificationUriComplete }) => void confirmLogin(verificationUriComplete!, user),
          }),
      })
    },
    close: async () => {
      await daemon.stop()
      manager.close()
    },
  }
}
