import { describe, expect, test } from 'vitest'
import { html } from '../../src/people/html.ts'

const TRICK = 'Portal\u202e\u200b'

describe('a value in a page', () => {
  test('shows what is hidden in it, where people read it: also in lists and behind other tags', () => {
    expect(html`<p>${TRICK}</p>`.text).toBe('<p>Portal⟨U+202E⟩⟨U+200B⟩</p>')
    expect(html`<a href="/x" title="${'t'}">${TRICK}</a>${TRICK}`.text).not.toMatch(/[\u202e\u200b]/)
    expect(html`<ul>${[TRICK, html`<li>${TRICK}</li>`]}</ul>`.text).not.toMatch(/[\u202e\u200b]/)
  })

  test('stays what it is in an attribute, since forms send it back', () => {
    expect(html`<input name="state" value="${TRICK}">`.text).toBe(`<input name="state" value="${TRICK}">`)
    expect(html`<input value="a" ${html`name="x"`} id="${TRICK}">${TRICK}`.text).toBe(
      `<input value="a" name="x" id="${TRICK}">Portal⟨U+202E⟩⟨U+200B⟩`,
    )
  })

  test('never becomes markup', () => {
    expect(html`<p title="${'"><script>'}">${"<b>&'"}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;</p>',
    )
  })
})
