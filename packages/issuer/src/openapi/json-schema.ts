/** A JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Text of any length. */
export const TEXT: JsonSchema = { type: 'string' }
/** An absolute URL. */
export const URL_TEXT: JsonSchema = { type: 'string', format: 'uri' }
/** `true` or `false`. */
export const FLAG: JsonSchema = { type: 'boolean' }
/** A list of texts. */
export const TEXTS: JsonSchema = { type: 'array', items: TEXT }
/** A whole number that a program can hold. */
export const WHOLE: JsonSchema = {
  type: 'integer',
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
}
/** A whole number, 1 or more. */
export const POSITIVE: JsonSchema = { type: 'integer', exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER }

/** Exactly this text. */
export function word(value: string): JsonSchema {
  return { type: 'string', const: value }
}

/** One of these texts. */
export function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values }
}

/** The same, with a sentence about what it means. */
export function meaning(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description }
}

type Members = Readonly<Record<string, JsonSchema>>

/** An object that has the first members, may have the others, and has nothing else. */
export function closed(required: Members, optional: Members = {}): JsonSchema {
  return object(required, optional, false)
}

/** An object that has the first members, may have the others, and may have more: where a standard leaves it open. */
export function open(required: Members = {}, optional: Members = {}): JsonSchema {
  return object(required, optional, {})
}

function object(required: Members, optional: Members, additionalProperties: false | object): JsonSchema {
  const names = Object.keys(required)
  return {
    type: 'object',
    properties: { ...required, ...optional },
    ...(names.length > 0 && { required: names }),
    additionalProperties,
  }
}
