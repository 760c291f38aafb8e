/** A value that a statement takes. */
export type SqlValue = string | number | null

/** A statement with `?` for its values, in SQL that SQLite and PostgreSQL share. */
export interface SqlStatement {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

/** A row as an engine returns it; 64-bit integers may come as text. */
export type SqlRow = Readonly<Record<string, unknown>>

/** What {@link SqlStore} asks of a database. */
export interface SqlEngine {
  query(statement: SqlStatement): Promise<readonly SqlRow[]>
  /**
   * Runs statements in one transaction; each must return a row, otherwise all is undone and the answer is false.
   * Conflicts that the database wants tried again (SQLSTATE 40001, 40P01) are tried again.
   */
  atomically(statements: readonly SqlStatement[]): Promise<boolean>
  /** Runs statements that define tables, all or none. Rejects when one fails. */
  define(statements: readonly string[]): Promise<void>
  close(): Promise<void>
}
