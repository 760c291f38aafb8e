/**
 * Plays a person at a browser who opens the address on the terminal, logs in under a name, and says yes. A real one would do the
 * same by hand, on any device.
 */
export async function confirmLogin(address: string, name: string): Promise<void> {
  const cookies = new Map<string, string>()
  const visit = async (url: URL, fields?: URLSearchParams): Promise<{ url: URL; text: string }> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(fields ? { method: 'POST', body: fields } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair] = cookie.split(';')
      const at = pair!.indexOf('=')
      cookies.set(pair!.slice(0, at), pair!.slice(at + 1))
    }
    const location = response.headers.get('location')
    return location === null ? { url, text: await response.text() } : visit(new URL(location, url))
  }
  let page = await visit(new URL(address))
  for (;;) {
    const action = /<form[^>]* action="([^"]*)"/.exec(page.text)?.[1]
    if (action === undefined) return
    const fields = new URLSearchParams({ subject: name, answer: 'allow' })
    for (const [, field, value] of page.text.matchAll(/<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"/g)) {
      fields.set(field!, value!)
    }
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    page = await visit(new URL(action, page.url), fields)
  }
}
