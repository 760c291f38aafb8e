import type { Entry } from './entry.ts'

/** The body of a 207 answer to PROPFIND (RFC 4918 section 9.1) with the properties that a file has of its own. */
export function multistatus(entries: readonly Entry[], href: (entry: Entry) => string): string {
  const responses = entries.map((entry) => response(entry, href(entry))).join('')
  return `<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">${responses}\n</D:multistatus>\n`
}

function response(entry: Entry, href: string): string {
  const type = entry.directory
    ? '<D:resourcetype><D:collection/></D:resourcetype>'
    : `<D:resourcetype/><D:getcontentlength>${entry.size}</D:getcontentlength>`
  return `
<D:response><D:href>${escapeXml(href)}</D:href><D:propstat><D:prop>
  ${type}
  <D:displayname>${escapeXml(entry.path.split('/').findLast((name) => name !== '') ?? '/')}</D:displayname>
  <D:getlastmodified>${entry.modified.toUTCString()}</D:getlastmodified>
  <D:getetag>${escapeXml(entry.etag)}</D:getetag>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
}

/** File names may hold what XML 1.0 cannot: such characters are replaced, as the href tells the name exactly anyway. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
