import { z } from 'zod'

/** The keys that a form knows at a place, for whoever has misspelt one. Where there are several forms, the keys of all. */
export function keysAt(form: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const [key, ...rest] = path
  if (form instanceof z.ZodOptional) return keysAt(form.unwrap(), path)
  if (form instanceof z.ZodUnion) return form.options.flatMap((option) => keysAt(option, path))
  if (form instanceof z.ZodArray) return keysAt(form.element, rest)
  if (!(form instanceof z.ZodObject)) return []
  if (key === undefined) return Object.keys(form.shape)
  const inner = (form.shape as Readonly<Record<PropertyKey, z.core.$ZodType | undefined>>)[key]
  return inner ? keysAt(inner, rest) : []
}
