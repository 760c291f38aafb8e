/** The same attribute under other names that files of the field use. */
const ALIASES: Readonly<Record<string, string>> = {
  Email: 'emailAddress',
  E: 'emailAddress',
  email: 'emailAddress',
  EMAIL: 'emailAddress',
  EMAILADDRESS: 'emailAddress',
  USERID: 'UID',
  userId: 'UID',
  S: 'ST',
}

/**
 * A distinguished name in one line, `/DC=org/DC=example/CN=Ana`, from a file or a header, with the names of attributes that OpenSSL writes:
 * `/Email=` and `/emailAddress=` are one. Values stay as they are.
 */
export function normaliseDn(text: string): string {
  return text.trim().replaceAll(/\/([A-Za-z]+)=/g, (whole, type: string) => {
    const known = Object.hasOwn(ALIASES, type) ? ALIASES[type] : undefined
    return known === undefined ? whole : `/${known}=`
  })
}
