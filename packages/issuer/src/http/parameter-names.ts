/** Parameters that name what a token shall be for, at every endpoint that takes them. RFC 8707, RFC 8693. */
export const TARGET_PARAMETERS: readonly string[] = ['scope', 'audience', 'resource']
