import type { ProfileName } from '@scitokens/core'
import type { Desk, Shown, View } from '../desk.ts'
import { byId } from '../dom.ts'

/** Algorithm, profile, and who signs. */
export function choicesView(desk: Desk): View {
  const profile = byId('profile') as HTMLSelectElement
  const algorithm = byId('algorithm') as HTMLSelectElement
  const signer = byId('signer') as HTMLSelectElement
  const again = (): void => void desk.sign(desk.shown().parts.claims.value ?? {})
  profile.addEventListener('change', () => {
    desk.choose({ profile: profile.value as ProfileName })
    again()
  })
  algorithm.addEventListener('change', () => {
    desk.choose({ algorithm: algorithm.value as Shown['algorithm'] })
    again()
  })
  signer.addEventListener('change', () => {
    desk.choose({ signer: signer.value as Shown['signer'] })
    // Another issuer: what was meant for the one before would be meant for nobody.
    const { aud: _, ...claims } = desk.shown().parts.claims.value ?? {}
    void desk.sign({ ...claims, aud: desk.source().issuer })
  })
  return {
    render(shown) {
      profile.value = shown.profile
      algorithm.value = shown.algorithm
      signer.value = shown.signer
    },
  }
}
