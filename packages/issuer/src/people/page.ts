import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from './html.ts'

// One sheet for all pages: light and dark, any width, no script, nothing fetched.
const STYLE = `:root{color-scheme:light dark;font:1.0625rem/1.5 system-ui,sans-serif}
body{margin:0;padding:1.5rem 1rem;background:Canvas;color:CanvasText}
main{max-width:34rem;margin:0 auto}
h1{font-size:1.5rem;line-height:1.25}
ul{padding-left:1.25rem}li{margin:.25rem 0;overflow-wrap:anywhere}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{font:inherit;box-sizing:border-box;width:100%;padding:.6rem;border:2px solid GrayText;border-radius:.4rem;background:Field;color:FieldText}
input:focus,button:focus,a:focus{outline:3px solid Highlight;outline-offset:2px}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:2px solid CanvasText;border-radius:.4rem;background:Canvas;color:CanvasText;cursor:pointer;min-height:2.75rem}
button.primary{background:CanvasText;color:Canvas}
code{overflow-wrap:anywhere}
.nowrap{white-space:nowrap}
.notice,[role=alert],[role=status]{border-left:.3rem solid CanvasText;padding:.25rem 0 .25rem 1rem;margin:1.5rem 0}
.muted{opacity:.8}
[role=alert],[role=status]{font-weight:600}
.last{margin-top:2.5rem;border-top:1px solid GrayText}
h2{font-size:1.2rem;margin:2rem 0 .5rem}
article{border:1px solid GrayText;border-radius:.4rem;padding:.25rem 1rem 1rem;margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.75rem 0}dt{opacity:.8}dd{margin:0}
a{color:LinkText}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** A page. */
export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
  /** Origins besides this one where its form may end up by redirects (an application's redirect URI). */
  readonly formTargets?: readonly string[]
}

/** Sends a page: strict Content-Security-Policy, never framed, never kept, no referrer. RFC 9700 sections 4.2 and 4.16. */
export function sendPage(reply: FastifyReply, { title, body, status = 200, formTargets = [] }: Page): FastifyReply {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><style>${new Html(STYLE)}</style></head>
<body><main><h1>${title}</h1>
${body}
</main></body></html>
`
  return reply
    .code(status)
    .headers(pageHeaders(formTargets))
    .header('content-type', 'text/html; charset=utf-8')
    .send(page.text)
}

/** Headers of every page and of redirects between pages. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    // Browsers apply form-action to the redirects after a form, too.
    `form-action 'self' ${formTargets.join(' ')}`.trimEnd(),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

/** Where a form's redirect may lead, as a source of `form-action`. */
export function formTarget(redirectUri: string): string {
  const url = new URL(redirectUri)
  return url.origin === 'null' ? url.protocol : url.origin
}

/** The page of a mistake that cannot be told to the application. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  problem: string,
  advice: string = 'Nothing was allowed. Go back to the application and begin again.',
): FastifyReply {
  const body = html`<p>${problem}</p><p class="muted">${advice}</p>`
  return sendPage(reply, { title: 'This did not work', body, status })
}
