// Text of somebody else's making that people read: what cannot be seen, or changes the order in which the rest is read, is made visible.

/**
 * Controls but for tab and line feed, lone surrogates, characters that reorder text (Unicode TR36 section 3.1: `moc.elpmaxe` reads as
 * `example.com` behind U+202E), line and paragraph separators, and what takes no space: soft hyphen, zero width space and its kin, fillers,
 * tags. The joiners U+200C and U+200D are left, since words of many languages need them.
 */
export const HIDDEN: RegExp =
  /(?![\t\n])[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Zl}\p{Zp}\u00ad\u115f\u1160\u180e\u200b\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\u034f|\u17b4|\u17b5/gu

/** Whether a text holds anything that {@link showHidden} would change. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) !== -1
}

/** The text with every hidden character named: `⟨U+202E⟩`. Tabs and line feeds stay. */
export function showHidden(text: string): string {
  return text.replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    return `⟨U+${code}⟩`
  })
}

/** JSON text that means the same, with hidden characters as escapes: `\u202e`. RFC 8259 section 7. */
export function escapeHidden(json: string): string {
  return json.replaceAll(HIDDEN, (character) =>
    // Between tokens of JSON stands no hidden character; within its strings each may be an escape.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
