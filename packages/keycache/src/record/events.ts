import type { UndecidedError } from '@scitokens/core'

/** Something an operator may want to know. Times in seconds. */
export type KeyCacheEvent =
  /** Keys were fetched or confirmed. `changed`: the content differs from before. */
  | {
      readonly type: 'refreshed'
      readonly issuer: string
      readonly keys: number
      readonly changed: boolean
      readonly background: boolean
      readonly seconds: number
    }
  /** An attempt failed. `keysUsableFor`: how long the keys at hand remain usable; 0 when there are none. */
  | {
      readonly type: 'refresh_failed'
      readonly issuer: string
      readonly error: UndecidedError
      readonly failures: number
      readonly keysUsableFor: number
      readonly background: boolean
      readonly seconds: number
    }
  /** Keys past their refresh time were handed out. */
  | { readonly type: 'stale_use'; readonly issuer: string; readonly age: number }
  /** Keys were found too old to be used. */
  | { readonly type: 'expired'; readonly issuer: string; readonly age: number }
  /** The cache file stopped serving (`problem` says why; memory serves) or serves again (`problem` is undefined). */
  | { readonly type: 'store'; readonly location: string; readonly problem: string | undefined }
