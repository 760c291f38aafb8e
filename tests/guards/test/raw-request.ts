import { type IncomingHttpHeaders, request as httpRequest } from 'node:http'

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request of any method; header fields as pairs, so that one name can come twice. */
export interface RawRequest {
  readonly method?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

/** Sends a target exactly as it is to a port of 127.0.0.1; `fetch` would tidy it up. */
export function send(port: number, path: string, { method = 'GET', headers = [] }: RawRequest = {}): Promise<Answer> {
  const names = headers.map(([name]) => name.toLowerCase())
  const raw = [...(names.includes('host') ? [] : ['Host', `127.0.0.1:${port}`]), ...headers.flat()]
  return new Promise((resolve, reject) => {
    const options = { agent: false, host: '127.0.0.1', port, path, method, headers: raw as never }
    httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}
