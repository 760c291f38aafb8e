/** The codes of the submit host, besides those of `@scitokens/core`, each with who has to act. `docs/errors.md` has a row for each. */
export const TOKEN_MANAGER_ERROR_FAMILIES = {
  // there is no login, or it is over
  login_required: 'not_acceptable',
  // who asks may not ask for this
  peer_not_allowed: 'not_allowed',
  // the certificate that stands for a login
  bad_certificate: 'not_acceptable',
} as const

declare module '@scitokens/core' {
  interface ErrorFamilies extends Readonly<typeof TOKEN_MANAGER_ERROR_FAMILIES> {}
}
