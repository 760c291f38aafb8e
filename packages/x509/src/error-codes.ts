/** The codes of certificates, besides those of `@scitokens/core`, each with who has to act. `docs/errors.md` has a row for each. */
export const CERTIFICATE_ERROR_FAMILIES = {
  bad_certificate: 'not_acceptable',
} as const

declare module '@scitokens/core' {
  interface ErrorFamilies extends Readonly<typeof CERTIFICATE_ERROR_FAMILIES> {}
}
